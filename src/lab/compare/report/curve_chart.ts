/**
 * Latency curves: a caller's wait at each percentile, on a log scale.
 *
 * @module
 */
import { drawSvg, TEXT_PX } from "./svg.ts";
import { formatMs } from "./figures.ts";
import type { Markup } from "./markup.ts";
import { chartColour } from "./palette.ts";
import { CURVE_PERCENTILES, type LoadRow, type VariantName } from "../report_data.ts";

/** How the line of each variant looks, so that nobody has to tell them apart by colour. */
export const MARKS: Readonly<Record<VariantName, { readonly symbol: string; readonly dash: "solid" | number[] }>> = {
  update: { symbol: "circle", dash: "solid" },
  signal: { symbol: "triangle", dash: [6, 3] },
  activity: { symbol: "diamond", dash: [2, 2] },
  direct: { symbol: "rect", dash: [8, 3, 2, 3] },
};

/** What a log scale shows as the least: clocks do not measure less, and zero has no place on it. */
export const LEAST_MS = 0.1;

/** Names of the percentiles, as axes and columns have them. */
export const PERCENTILE_NAMES: readonly string[] = CURVE_PERCENTILES.map((p) =>
  p === 0 ? "min" : p === 100 ? "max" : `p${p}`
);

/** Powers of ten around figures, for a log scale. */
export function powersAround(values: readonly number[]): { readonly min: number; readonly max: number } {
  const known = values.filter((value) => Number.isFinite(value)).map((value) => Math.max(LEAST_MS, value));
  if (known.length === 0) return { min: 1, max: 10 };
  const min = 10 ** Math.floor(Math.log10(Math.min(...known)));
  const max = 10 ** Math.ceil(Math.log10(Math.max(...known)));
  return { min, max: max > min ? max : min * 10 };
}

/** Draws a line for each variant. */
export function drawCurves(id: string, label: string, rows: readonly LoadRow[], width: number): Markup {
  const narrow = width < 450;
  const muted = { color: chartColour("muted"), fontSize: TEXT_PX };
  return drawSvg({
    id,
    label,
    width,
    height: narrow ? 290 : 340,
    option: {
      legend: {
        top: 0,
        borderColor: chartColour("paper"),
        left: 0,
        itemWidth: 30,
        itemGap: 12,
        textStyle: { color: chartColour("ink"), fontSize: TEXT_PX },
      },
      grid: { left: 56, right: 18, top: 38, bottom: 48 },
      xAxis: {
        type: "category",
        boundaryGap: false,
        data: PERCENTILE_NAMES.map((name) => name.replace("p", "")),
        name: "percentile of callers",
        nameLocation: "middle",
        nameGap: 28,
        nameTextStyle: muted,
        axisLine: { lineStyle: { color: chartColour("muted") } },
        axisLabel: { ...muted, interval: 0, fontSize: narrow ? 11 : TEXT_PX },
      },
      yAxis: {
        type: "log",
        ...powersAround(rows.flatMap(({ curve_ms }) => curve_ms)),
        axisLabel: { ...muted, formatter: formatMs },
        splitLine: { lineStyle: { color: chartColour("line") } },
      },
      series: rows.map(({ variant, curve_ms }) => ({
        type: "line" as const,
        name: variant,
        silent: true,
        clip: false,
        symbol: MARKS[variant].symbol,
        symbolSize: 7,
        itemStyle: { color: chartColour(variant) },
        lineStyle: { color: chartColour(variant), width: 2, type: MARKS[variant].dash },
        data: curve_ms.map((ms) => Number.isFinite(ms) ? Math.max(LEAST_MS, ms) : null),
      })),
    },
  });
}
