/**
 * The whole comparison in one picture: from a caller's median wait to its p99, for each load and variant.
 *
 * @module
 */
import type { CustomSeriesOption, CustomSeriesRenderItem } from "echarts";
import { textShape } from "./chart_text.ts";
import { drawSvg, TEXT_PX } from "./svg.ts";
import { powersAround } from "./curve_chart.ts";
import { formatMs } from "./figures.ts";
import type { Markup } from "./markup.ts";
import { chartColour } from "./palette.ts";
import type { CompareReport, LoadName, VariantName } from "../report_data.ts";
import { loadOf, loadsIn, variantsIn } from "./rows.ts";
import { LOAD_WORDS } from "./words.ts";

const ROW_PX = 20;
const TOP_PX = 4;
const AXIS_PX = 50;
/** Where the axis has its name on two lines. */
const AXIS_NARROW_PX = 66;
/** Room for the names to the left and the figures to the right. */
const NAME_PX = 62;
const FIGURE_PX = 116;
const DOT_PX = 4.5;
/** Half the height of the mark of a call. */
const TICK_PX = 8;
/** As much of the scale as a narrow chart can label at each power of ten. */
const POWERS_MAX = 3;

/** A heading, or the wait of one variant. */
interface Row {
  readonly text: string;
  readonly variant?: VariantName;
  readonly p50?: number;
  readonly p99?: number;
  /** The median of the whole call. */
  readonly call?: number;
  /** What stands to the right. */
  readonly shown: string;
}

function rowsOf(report: CompareReport, narrow: boolean): Row[] {
  return loadsIn(report).flatMap((scenario, index) => [
    { text: narrow ? scenario : `${scenario}: ${LOAD_WORDS[scenario]}`, shown: index === 0 ? "median – p99" : "" },
    ...variantsIn(report).flatMap((variant) => rowOf(report, scenario, variant)),
  ]);
}

function rowOf(report: CompareReport, scenario: LoadName, variant: VariantName): Row[] {
  const row = loadOf(report, scenario, variant);
  if (row === undefined) return [];
  if ("impossible" in row) return [{ text: variant, variant, shown: "impossible" }];
  const shown = `${formatMs(row.p50_ms)} – ${formatMs(row.p99_ms)}`;
  return [{ text: variant, variant, p50: row.p50_ms, p99: row.p99_ms, call: row.call_ms_p50, shown }];
}

/** Draws the overview. */
export function drawOverview(report: CompareReport, id: string, width: number): Markup {
  const narrow = width < 450;
  const rows = rowsOf(report, narrow);
  const axis = powersAround(rows.flatMap(({ p50, p99, call }) => [p50 ?? NaN, p99 ?? NaN, call ?? NaN]));
  const muted = { color: chartColour("muted"), fontSize: TEXT_PX };
  const bottom = narrow ? AXIS_NARROW_PX : AXIS_PX;
  const step = narrow && axis.max / axis.min > 10 ** POWERS_MAX ? 2 : 1;
  const labelOf = (ms: number) => Math.round(Math.log10(ms / axis.min)) % step === 0 ? formatMs(ms) : "";
  return drawSvg({
    id,
    label: `A caller's wait, median to p99, on a log scale. ${rows.map(said).join(" ")}`,
    width,
    height: TOP_PX + rows.length * ROW_PX + bottom,
    option: {
      grid: { left: NAME_PX, right: FIGURE_PX, top: TOP_PX, bottom },
      xAxis: {
        type: "log",
        ...axis,
        name: ["a caller's wait: ● median, ○ p99", "its whole call: | median"].join(narrow ? "\n" : "; "),
        nameLocation: "middle",
        nameGap: 30,
        nameTextStyle: { ...muted, lineHeight: 17 },
        axisLabel: { ...muted, formatter: labelOf },
        splitLine: { lineStyle: { color: chartColour("line") } },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: rows.map((_, index) => String(index)),
        axisTick: { show: false },
        axisLine: { show: false },
        axisLabel: { show: false },
      },
      series: [waits(rows, axis, width)],
    },
  });
}

function said({ text, variant, shown, call }: Row): string {
  if (variant === undefined) return `${text}:`;
  return call === undefined ? `${text} ${shown};` : `${text} ${shown}, whole call ${formatMs(call)};`;
}

function waits(rows: readonly Row[], axis: { readonly min: number }, width: number): CustomSeriesOption {
  const renderItem: CustomSeriesRenderItem = ({ dataIndex }, api) => {
    const { text, variant, p50, p99, call, shown } = rows[dataIndex];
    const at = (ms: number) => api.coord([Math.max(axis.min, ms), dataIndex]);
    const [, y] = at(axis.min);
    const figures = textShape({ words: shown, x: width - 2, y, align: "right" });
    if (variant === undefined) {
      return { type: "group", children: [textShape({ words: text, x: 0, y, heading: true }), figures] };
    }
    const names = [textShape({ words: text, x: 10, y }), figures];
    if (p50 === undefined || p99 === undefined || call === undefined) return { type: "group", children: names };
    const stroke = chartColour(variant);
    const [[from], [to], [end]] = [at(p50), at(p99), at(call)];
    const dot = (cx: number, fill: string) => ({
      type: "circle" as const,
      shape: { cx, cy: y, r: DOT_PX },
      style: { fill, stroke, lineWidth: 2 },
    });
    const line = (x1: number, y1: number, x2: number, y2: number, lineWidth: number) => ({
      type: "line" as const,
      shape: { x1, y1, x2, y2 },
      style: { stroke, lineWidth, fill: "none" },
    });
    const lines = [line(from, y, to, y, 3), line(end, y - TICK_PX, end, y + TICK_PX, 2)];
    return { type: "group", children: [...names, ...lines, dot(to, chartColour("paper")), dot(from, stroke)] };
  };
  return { type: "custom", silent: true, clip: false, renderItem, data: rows.map((_, index) => [axis.min, index]) };
}
