/**
 * Horizontal bars from zero, in groups, each with its figure beside it.
 *
 * @module
 */
import { rowTexts } from "./chart_text.ts";
import { drawSvg, TEXT_PX } from "./svg.ts";
import { formatNumber, UNKNOWN } from "./figures.ts";
import type { Markup } from "./markup.ts";
import { chartColour, type Colour } from "./palette.ts";

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly colour: Colour;
  /** Left out where there is no figure. */
  readonly value?: number;
  /** The figure as it is written beside the bar, or why there is none. */
  readonly shown: string;
}

/** Bars under a heading. */
export interface BarGroup {
  readonly heading: string;
  readonly bars: readonly Bar[];
}

/** A chart of bars. */
export interface BarChart {
  readonly id: string;
  /** What the chart shows, for those who do not see it. */
  readonly label: string;
  /** What the bars measure, with its unit unless the figures have it. */
  readonly axis: string;
  /**
   * How the figures of the axis are written.
   *
   * @default formatNumber
   */
  readonly format?: (value: number) => string;
  readonly groups: readonly BarGroup[];
}

const ROW_PX = 19;
const TOP_PX = 6;
const AXIS_PX = 46;
/** Room for the figures beside the longest bar. */
const FIGURE_PX = 84;
/** Room for the names to the left, at least: that of a short heading. */
const NAMES_PX = 70;
/** Width of a character of a label: generous, as fonts differ. */
const CHARACTER_PX = 7.2;

type Row = Bar | { readonly heading: string };

/** Draws bars that are as long as their figures: the axis starts at zero. */
export function drawBars({ id, label, axis, groups, format = formatNumber }: BarChart, width: number): Markup {
  const rows = groups.flatMap(({ heading, bars }): readonly Row[] => heading === "" ? bars : [{ heading }, ...bars]);
  const longest = Math.max(0, ...rows.map((row) => "heading" in row ? 0 : row.label.length));
  const left = Math.max(NAMES_PX, Math.ceil(longest * CHARACTER_PX) + 18);
  return drawSvg({
    id,
    label,
    width,
    height: TOP_PX + rows.length * ROW_PX + AXIS_PX,
    option: {
      grid: { left, right: FIGURE_PX, top: TOP_PX, bottom: AXIS_PX },
      xAxis: {
        type: "value",
        min: 0,
        // Without it a chart of zeros would have an axis of its own making.
        max: rows.some((row) => "value" in row && row.value! > 0) ? undefined : 1,
        splitNumber: width < 450 ? 2 : 5,
        name: axis,
        nameLocation: "middle",
        nameGap: 28,
        nameTextStyle: { color: chartColour("muted"), fontSize: TEXT_PX },
        axisLabel: { color: chartColour("muted"), fontSize: TEXT_PX, hideOverlap: true, formatter: format },
        splitLine: { lineStyle: { color: chartColour("line") } },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: rows.map((row) => "heading" in row ? row.heading : row.label),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: chartColour("muted") } },
        axisLabel: { show: false },
      },
      series: [barsOf(rows), namesOf(rows)],
    },
  });
}

/** The bars, with their figures to the right of them. */
function barsOf(rows: readonly Row[]) {
  return {
    type: "bar" as const,
    silent: true,
    barWidth: ROW_PX - 6,
    data: rows.map((row) => {
      if ("heading" in row) return { value: 0, itemStyle: { color: "none" }, label: { show: false } };
      const known = row.value !== undefined && Number.isFinite(row.value);
      return {
        value: known ? row.value : 0,
        itemStyle: { color: chartColour(row.colour) },
        label: {
          show: true,
          position: "right" as const,
          formatter: () => known || row.value === undefined ? row.shown : UNKNOWN,
          color: chartColour(known ? "ink" : "muted"),
          fontSize: TEXT_PX,
          textBorderColor: chartColour("paper"),
          textBorderWidth: 3,
        },
      };
    }),
  };
}

/** Names to the left of the axis, headings flush with the edge. */
function namesOf(rows: readonly Row[]) {
  return rowTexts(
    0,
    rows.map((row) => "heading" in row ? { words: row.heading, x: 0, heading: true } : { words: row.label, x: 10 }),
  );
}
