/**
 * The charts of a report, each drawn twice: for a wide page and for a phone.
 *
 * @module
 */
import { type Bar, type BarChart, type BarGroup, drawBars } from "./bar_chart.ts";
import { drawCurves } from "./curve_chart.ts";
import { count, formatMs, formatNumber } from "./figures.ts";
import { type Markup, markup } from "./markup.ts";
import { drawOverview } from "./overview_chart.ts";
import type { CompareReport, LoadName, ScalingRow } from "../report_data.ts";
import { loadOf, loadsIn, measuredLoad, processCounts, scalingOf, variantsIn } from "./rows.ts";

/** Widths at which charts are drawn, in pixels. */
const WIDE = 520;
const NARROW = 344;
/** Of a chart that has a row of the page to itself. */
const FULL = 820;

function figure(caption: string, draw: (id: string, width: number) => Markup, id: string, wide = WIDE): Markup {
  return markup`
    <figure>
      <figcaption>${caption}</figcaption>
      <div class="wide">${draw(`${id}-w`, wide)}</div>
      <div class="narrow">${draw(`${id}-n`, NARROW)}</div>
    </figure>
  `;
}

function bars(caption: string, chart: Omit<BarChart, "label">): Markup {
  const said = chart.groups.map(({ heading, bars }) =>
    [heading, ...bars.map(({ label, shown }) => `${label} ${shown}`)].filter((words) => words !== "").join(", ")
  );
  const label = `${caption}: ${said.join("; ")}.`;
  return figure(caption, (id, width) => drawBars({ ...chart, id, label }, width), chart.id);
}

/** The median and the p99 of all loads. */
export function overviewFigure(report: CompareReport): Markup {
  return figure(
    "From the median wait to p99, log scale",
    (id, width) => drawOverview(report, id, width),
    "overview",
    FULL,
  );
}

/** The charts of one load: curves, bars of the wait, bars of the throughput. */
export function loadFigures(report: CompareReport, scenario: LoadName): Markup[] {
  const rows = variantsIn(report).flatMap((variant) => measuredLoad(report, scenario, variant) ?? []);
  if (rows.length === 0) return [];
  const label = `Latency curves, ${scenario}: ` +
    rows.map(({ variant, p50_ms, max_ms }) => `${variant} from p50 ${formatMs(p50_ms)} to ${formatMs(max_ms)}`).join(
      "; ",
    );
  return [
    figure(
      "A caller's wait at each percentile, log scale",
      (id, width) => drawCurves(id, label, rows, width),
      `curve-${scenario}`,
    ),
    bars("A caller's wait, and its whole call", {
      id: `wait-${scenario}`,
      axis: "wait",
      format: formatMs,
      groups: variantsIn(report).flatMap((variant) => waitGroup(loadOf(report, scenario, variant))),
    }),
    bars("Writes per second", {
      id: `writes-${scenario}`,
      axis: "writes/s",
      groups: [{ heading: "", bars: barsOf(report, scenario, "writes_per_s") }],
    }),
  ];
}

function waitGroup(row: ReturnType<typeof loadOf>): BarGroup[] {
  if (row === undefined) return [];
  const { variant } = row;
  if ("impossible" in row) return [{ heading: variant, bars: [{ label: "–", colour: variant, shown: "impossible" }] }];
  const percentiles = [
    ["p50", row.p50_ms],
    ["p95", row.p95_ms],
    ["p99", row.p99_ms],
    ["call p50", row.call_ms_p50],
    ["call p99", row.call_ms_p99],
  ] as const;
  return [{
    heading: variant,
    bars: percentiles.map(([label, value]) => ({ label, colour: variant, value, shown: formatMs(value) })),
  }];
}

type Cost = "writes_per_s" | "actions_per_write" | "rows_per_statement" | "statements_per_s";

function barsOf(report: CompareReport, scenario: LoadName, field: Cost): Bar[] {
  return variantsIn(report).flatMap((variant): Bar[] => {
    const row = loadOf(report, scenario, variant);
    if (row === undefined) return [];
    if ("impossible" in row) return [{ label: variant, colour: variant, shown: "impossible" }];
    return [{ label: variant, colour: variant, value: row[field], shown: formatNumber(row[field]) }];
  });
}

/** What a write costs, over all loads. */
export function costFigures(report: CompareReport): Markup[] {
  const costs: readonly (readonly [field: Cost, caption: string, axis: string])[] = [
    ["actions_per_write", "Billable actions per write", "actions per write"],
    ["rows_per_statement", "Rows per database statement", "rows per statement"],
    ["statements_per_s", "Database statements per second", "statements/s"],
  ];
  return costs.map(([field, caption, axis]) =>
    bars(caption, {
      id: field.replaceAll("_", "-"),
      axis,
      groups: loadsIn(report).map((scenario) => ({ heading: scenario, bars: barsOf(report, scenario, field) })),
    })
  );
}

/** What more worker processes do to the database. */
export function scalingFigures(report: CompareReport): Markup[] {
  const shown: readonly (readonly [field: "statements_per_s" | "connections", caption: string, axis: string])[] = [
    ["statements_per_s", "Database statements per second", "statements/s"],
    ["connections", "Connections to the database", "connections"],
  ];
  return shown.map(([field, caption, axis]) =>
    bars(caption, {
      id: `scaling-${field.replaceAll("_", "-")}`,
      axis,
      groups: processCounts(report).map((processes) => ({
        heading: count(processes, "worker process", "worker processes"),
        bars: variantsIn(report).flatMap((variant): Bar[] => {
          const row = variant === "signal" ? undefined : scalingOf(report, variant, processes);
          return row === undefined ? [] : [scalingBar(row, field)];
        }),
      })),
    })
  );
}

function scalingBar(row: ScalingRow, field: "statements_per_s" | "connections"): Bar {
  return { label: row.variant, colour: row.variant, value: row[field], shown: formatNumber(row[field]) };
}
