/**
 * The whole comparison in one picture: from a caller's median wait to its p99, for each load and variant.
 *
 * @module
 */
import type { LineSeriesOption } from "echarts";
import { drawSvg } from "../../harness/svg.ts";
import { type CompareReport, type LoadName, type LoadRow, LOADS } from "../report_data.ts";
import { formatMs } from "./figures.ts";
import { escapeHtml, Markup } from "./markup.ts";
import { cssVariables } from "./palette.ts";

const ROW_PX = 20;
const TOP_PX = 4;
const TEXT_PX = 12;
/** Room for the names to the left and the figures to the right. */
const NAME_PX = 62;
const FIGURE_PX = 116;
const DOT_PX = 9;
/** A chart that is narrower is one for a phone. */
const NARROW_PX = 450;
/** As much of the scale as a narrow chart can label at each power of ten. */
const POWERS_MAX = 3;
/** What a log scale shows as the least: clocks do not measure less, and zero has no place on it. */
const LEAST_MS = 0.1;

/** Width of the picture for a README: as wide as a page on GitHub shows it without making it smaller. */
const PICTURE_WIDTH = 760;
const PICTURE_HEAD_PX = 80;
const PICTURE_PAD_PX = 20;
/** Characters of a line under the title. */
const LINE_MAX = 100;

const TITLE = "How long a caller waits for the result of its write";

/** A heading, or the wait of one variant: what stands to the left and to the right, and what is drawn. */
interface Row {
  readonly text: string;
  readonly shown: string;
  readonly variant?: number;
  readonly load?: LoadRow;
}

function rowsOf({ loads, variants }: CompareReport, narrow: boolean): Row[] {
  const scenarios = (Object.keys(LOADS) as LoadName[]).filter((name) =>
    loads.some(({ scenario }) => scenario === name)
  );
  return scenarios.flatMap((scenario, i) => [
    { text: narrow ? scenario : `${scenario}: ${LOADS[scenario]}`, shown: i === 0 ? "median – p99" : "" },
    ...variants.flatMap(({ name }, variant): Row[] => {
      const load = loads.find((row) => row.scenario === scenario && row.variant === name);
      if (load === undefined) return [];
      if ("impossible" in load) return [{ text: name, variant, shown: "impossible" }];
      return [{ text: name, variant, load, shown: `${formatMs(load.p50_ms)} – ${formatMs(load.p99_ms)}` }];
    }),
  ]);
}

/** Draws the picture as an SVG element without any script or colour of its own: its colours are variables. */
export function drawWaits(report: CompareReport, id: string, width: number): Markup {
  const narrow = width < NARROW_PX;
  const rows = rowsOf(report, narrow);
  const height = TOP_PX + rows.length * ROW_PX + (narrow ? 66 : 50);
  const { min, max } = powersAround(
    rows.flatMap(({ load }) => load ? [load.p50_ms, load.p99_ms, load.call_ms_p50] : []),
  );
  const step = narrow && max / min > 10 ** POWERS_MAX ? 2 : 1;
  const muted = { color: "var(--muted)", fontSize: TEXT_PX, fontFamily: "inherit" };
  // The lines of the scale end before its letters.
  const border = { textBorderColor: "var(--paper)", textBorderWidth: 4 };
  const heading = {
    ...border,
    color: "var(--ink)",
    fontSize: TEXT_PX,
    fontFamily: "inherit",
    fontWeight: 600,
    align: "left" as const,
  };
  const rowAxis = {
    type: "category" as const,
    inverse: true,
    axisTick: { show: false },
    axisLine: { show: false },
  };
  const body = drawSvg(width, height, {
    grid: {
      outerBoundsMode: "none",
      left: NAME_PX,
      right: FIGURE_PX,
      top: TOP_PX,
      bottom: height - TOP_PX - rows.length * ROW_PX,
    },
    xAxis: {
      type: "log",
      min,
      max,
      name: ["a caller's wait: ● median, ○ p99", "its whole call: | median"].join(narrow ? "\n" : "; "),
      nameLocation: "middle",
      nameGap: 30,
      nameTextStyle: { ...muted, lineHeight: 17 },
      axisLabel: {
        ...muted,
        formatter: (ms: number) => Math.round(Math.log10(ms / min)) % step === 0 ? formatMs(ms) : "",
      },
      splitLine: { lineStyle: { color: "var(--line)" } },
    },
    yAxis: [{
      ...rowAxis,
      data: rows.map(({ text, variant }) => ({
        value: variant === undefined ? text : `  ${text}`,
        textStyle: variant === undefined ? heading : { ...muted, align: "left" as const },
      })),
      axisLabel: { interval: 0, align: "left", margin: NAME_PX },
      z: 1,
    }, {
      ...rowAxis,
      position: "right",
      data: rows.map(({ shown }) => shown),
      axisLabel: { ...muted, interval: 0, align: "right", margin: FIGURE_PX - 2 },
    }],
    series: rows.flatMap((row, i) => row.load === undefined ? [] : waitSeries(row.load, row.variant!, i, min)),
  });
  const said = rows.map(({ text, variant, shown, load }) => {
    if (variant === undefined) return `${text}:`;
    return load === undefined ? `${text} ${shown};` : `${text} ${shown}, whole call ${formatMs(load.call_ms_p50)};`;
  });
  const label = escapeHtml(`A caller's wait, median to p99, on a log scale. ${said.join(" ")}`);
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return new Markup(`<svg ${size} role="img" aria-label="${label}">${cleaned(body, id)}</svg>`);
}

/** The line from median to p99 with a dot at each end, and the mark of the whole call. */
function waitSeries(load: LoadRow, variant: number, row: number, least: number): LineSeriesOption[] {
  const colour = `var(--variant-${variant})`;
  const at = (ms: number): [number, number] => [Math.max(least, ms), row];
  const dot = (ms: number, fill: string) => ({ value: at(ms), itemStyle: { color: fill, borderColor: colour } });
  const line = { type: "line" as const, clip: false, itemStyle: { color: colour, borderWidth: 2 } };
  return [
    { ...line, symbol: "rect", symbolSize: [2, 16], itemStyle: { color: colour }, data: [at(load.call_ms_p50)] },
    {
      ...line,
      symbol: "circle",
      symbolSize: DOT_PX,
      lineStyle: { color: colour, width: 3 },
      data: [dot(load.p99_ms, "var(--paper)"), dot(load.p50_ms, colour)],
    },
  ];
}

/** Powers of ten around figures, for a log scale. */
function powersAround(values: readonly number[]): { readonly min: number; readonly max: number } {
  const known = values.filter((value) => Number.isFinite(value)).map((value) => Math.max(LEAST_MS, value));
  if (known.length === 0) return { min: 1, max: 10 };
  const min = 10 ** Math.floor(Math.log10(Math.min(...known)));
  const max = 10 ** Math.ceil(Math.log10(Math.max(...known)));
  return { min, max: max > min ? max : min * 10 };
}

/** Takes out what is for a live chart and what has no colour of ours, and makes ids those of this chart. */
function cleaned(svg: string, id: string): string {
  const [, body] = /^<svg[^>]*>(.*)<\/svg>\s*$/s.exec(svg)!;
  return body
    .replaceAll(/<style ?>.*?<\/style>/gs, "")
    .replaceAll(/ (?:class="zr[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="[^"]*")/g, "")
    .replaceAll(/ fill="(?:#000|rgb\(0,0,0\)" fill-opacity="0)"/g, ' fill="none"')
    .replaceAll(/\bzr\d+-/g, `${id}-`)
    .replaceAll(/\n\s*/g, "\n");
}

/**
 * Draws the picture as a document of its own, for a README. It has a background, because a picture follows the theme of
 * the system, which need not be that of the page around it.
 */
export function renderChartSvg(report: CompareReport): string {
  const inner = drawWaits(report, "waits", PICTURE_WIDTH - 2 * PICTURE_PAD_PX).text;
  const total = Number(/height="(\d+)"/.exec(inner)![1]) + PICTURE_HEAD_PX + PICTURE_PAD_PX;
  const { cpus, cpu } = report.machine;
  const made = [report.command, `${report.startedAt.slice(0, 10)}, ${cpus} × ${cpu}`].map((line, i) => {
    const cut = line.length <= LINE_MAX ? line : `${line.slice(0, LINE_MAX - 1)}…`;
    return `<text x="${PICTURE_PAD_PX}" y="${47 + 17 * i}" font-size="12" fill="var(--muted)">${
      escapeHtml(cut)
    }</text>`;
  });
  const size = `width="${PICTURE_WIDTH}" height="${total}" viewBox="0 0 ${PICTURE_WIDTH} ${total}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-labelledby="title desc">
<title id="title">${TITLE}</title>
<desc id="desc">${/aria-label="([^"]*)"/.exec(inner)![1]}</desc>
<style>
svg { ${
    cssVariables("light", report.variants)
  }; font-family: system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif }
@media (prefers-color-scheme: dark) { svg { ${cssVariables("dark", report.variants)} } }
</style>
<rect x="0.5" y="0.5" width="${PICTURE_WIDTH - 1}" height="${
    total - 1
  }" rx="6" fill="var(--paper)" stroke="var(--line)"/>
<text x="${PICTURE_PAD_PX}" y="28" font-size="16" font-weight="600" fill="var(--ink)">${TITLE}</text>
${made.join("\n")}
${inner.replace("<svg ", `<svg x="${PICTURE_PAD_PX}" y="${PICTURE_HEAD_PX}" `)}
</svg>
`;
}
