/**
 * The tables of a report.
 *
 * @module
 */
import { PERCENTILE_NAMES } from "./curve_chart.ts";
import { compareTo, count, formatMs, formatNumber } from "./figures.ts";
import { type Markup, markup, type MarkupValue } from "./markup.ts";
import { type Comparison, MEASURES } from "./measures.ts";
import { type CompareReport, CURVE_PERCENTILES, type LoadName, type LoadRow } from "../report_data.ts";
import { loadOf, loadsIn, measuredLoad, processCounts, scalingOf, variantsIn } from "./rows.ts";

/** A table. The first cell of each row is its heading. */
export interface Table {
  readonly caption: string;
  readonly columns: readonly (string | Markup)[];
  readonly rows: readonly Markup[];
}

/** Renders a table that scrolls by itself where it is wider than the page. */
export function renderTable({ caption, columns, rows }: Table): Markup {
  const heads = columns.map((column) => markup`<th scope="col">${column}</th>`);
  return markup`
    <div class="scroll" role="region" tabindex="0" aria-label="${caption}">
      <table>
        <caption>${caption}</caption>
        <thead><tr>${heads}</tr></thead>
        ${rows}
      </table>
    </div>
  `;
}

/** Renders rows that belong together, under a heading of their own. */
export function renderGroup(heading: string, columns: number, rows: readonly Markup[]): Markup {
  return markup`
    <tbody>
      <tr><th class="group" scope="rowgroup" colspan="${columns}"><span>${heading}</span></th></tr>
      ${rows}
    </tbody>
  `;
}

/** Renders a row. */
export function renderRow(heading: MarkupValue, cells: readonly MarkupValue[]): Markup {
  return markup`<tr><th scope="row">${heading}</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>`;
}

/** Renders a row that has one cell for all columns. */
export function renderReason(heading: MarkupValue, reason: string, columns: number): Markup {
  return markup`
    <tr>
      <th scope="row">${heading}</th>
      <td class="reason" colspan="${columns}">${reason}</td>
    </tr>
  `;
}

/** A variant's name with its colour. */
export function swatched(variant: string): Markup {
  return markup`<span class="swatch ${variant}" aria-hidden="true"></span>${variant}`;
}

/** A count that ought to be zero: alarming where it is not, and not by its colour alone. */
export function alarming(n: number): Markup {
  return n > 0 ? markup`<strong class="alarm">⚠ ${formatNumber(n)}</strong>` : markup`${formatNumber(n)}`;
}

type Column = readonly [name: string, cell: (row: LoadRow) => MarkupValue];

function loadTable(caption: string, report: CompareReport, scenario: LoadName, columns: readonly Column[]): Table {
  const rows = variantsIn(report).flatMap((variant) => {
    const row = measuredLoad(report, scenario, variant);
    return row === undefined ? [] : [renderRow(swatched(variant), columns.map(([, cell]) => cell(row)))];
  });
  return { caption, columns: ["variant", ...columns.map(([name]) => name)], rows };
}

/** A row for each variant that cannot take a load. */
function impossibleRows({ loads }: CompareReport, scenario: LoadName, columns: number): Markup[] {
  return loads.flatMap((row) =>
    row.scenario === scenario && "impossible" in row
      ? [renderReason(swatched(row.variant), `impossible: ${row.impossible}`, columns)]
      : []
  );
}

const WAIT_COLUMNS: readonly Column[] = [
  ["writes", ({ writes }) => formatNumber(writes)],
  ["failed", ({ failed }) => alarming(failed)],
  ...CURVE_PERCENTILES.map((percentile, index): Column => [
    PERCENTILE_NAMES[index],
    (row) => formatNumber(waitAt(row, percentile, index)),
  ]),
  ["call, p50", ({ call_ms_p50 }) => formatNumber(call_ms_p50)],
  ["call, p99", ({ call_ms_p99 }) => formatNumber(call_ms_p99)],
];

/** The wait at a percentile: of its own field, if there is one. */
function waitAt(row: LoadRow, percentile: number, index: number): number {
  const own: Readonly<Record<number, number>> = { 50: row.p50_ms, 95: row.p95_ms, 99: row.p99_ms, 100: row.max_ms };
  return own[percentile] ?? row.curve_ms[index];
}

const COST_COLUMNS: readonly Column[] = [
  ["writes/s", ({ writes_per_s }) => formatNumber(writes_per_s)],
  ["statements/s", ({ statements_per_s }) => formatNumber(statements_per_s)],
  ...MEASURES.filter(({ field }) => !/_ms(?:_|$)/.test(field) && field !== "writes_per_s").map((
    { short, field, format },
  ): Column => [short, (row) => format(row[field])]),
];

/** The figures of the charts of one load. The first table says what is impossible. */
export function loadTables(report: CompareReport, scenario: LoadName): Markup[] {
  const waits = loadTable("A caller's wait and its whole call, in ms", report, scenario, WAIT_COLUMNS);
  const costs = loadTable("Throughput, and what a write costs", report, scenario, COST_COLUMNS);
  const impossible = impossibleRows(report, scenario, WAIT_COLUMNS.length);
  return [
    renderTable({ ...waits, rows: [...waits.rows, ...impossible] }),
    ...costs.rows.length === 0 ? [] : [renderTable(costs)],
  ];
}

/** The figures of the overview: a row for each load. */
export function overviewTable(report: CompareReport): Markup {
  const variants = variantsIn(report);
  const rows = loadsIn(report).map((scenario) =>
    renderRow(
      scenario,
      variants.map((variant) => {
        const row = loadOf(report, scenario, variant);
        if (row === undefined) return "not run";
        if ("impossible" in row) return "impossible";
        const wait = `${formatMs(row.p50_ms)} – ${formatMs(row.p99_ms)}`;
        return markup`${wait}<br><small>call ${formatMs(row.call_ms_p50)}</small>`;
      }),
    )
  );
  return renderTable({
    caption: "A caller's wait, p50 – p99, and its whole call, p50",
    columns: ["load", ...variants],
    rows,
  });
}

/** The figures of the charts of costs, a group for each load. */
export function costTable(report: CompareReport): Markup {
  const columns = ["variant", "billable actions per write", "rows per statement", "statements/s"];
  const groups = loadsIn(report).map((scenario) => {
    const rows = variantsIn(report).flatMap((variant) => {
      const row = loadOf(report, scenario, variant);
      if (row === undefined) return [];
      const heading = swatched(variant);
      if ("impossible" in row) return [renderReason(heading, "impossible", columns.length - 1)];
      return [
        renderRow(heading, [row.actions_per_write, row.rows_per_statement, row.statements_per_s].map(formatNumber)),
      ];
    });
    return renderGroup(scenario, columns.length, rows);
  });
  return renderTable({ caption: "What a write costs", columns, rows: groups });
}

/** The figures of several worker processes, a group for each number of them. */
export function scalingTable(report: CompareReport): Markup {
  const columns = ["variant", "writes/s", "p50, ms", "statements/s", "rows per statement", "connections"];
  const groups = processCounts(report).map((processes) => {
    const rows = (["update", "activity", "direct"] as const).flatMap((variant) => {
      const row = scalingOf(report, variant, processes);
      if (row === undefined) return [];
      const { writes_per_s, p50_ms, statements_per_s, rows_per_statement, connections } = row;
      const figures = [writes_per_s, p50_ms, statements_per_s, rows_per_statement, connections];
      return [renderRow(swatched(variant), figures.map(formatNumber))];
    });
    return renderGroup(count(processes, "worker process", "worker processes"), columns.length, rows);
  });
  return renderTable({ caption: "Worker processes and the database", columns, rows: groups });
}

/** Every case in which a rival does better than `update`. */
export function rivalTable(compared: readonly Comparison[]): Markup {
  const rows = compared.filter(({ better }) => better === "other").map(({ rival, measure, scenario, own, other }) =>
    renderRow(swatched(rival), [
      measure.name,
      scenario,
      measure.format(other),
      measure.format(own),
      compareTo(own, other),
    ])
  );
  const columns = ["rival", "measure", "load", "rival", "update", "update has"];
  return markup`<div class="rivals">${renderTable({ caption: "Where a rival does better", columns, rows })}</div>`;
}
