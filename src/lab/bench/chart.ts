/**
 * A benchmark's rows as a picture.
 *
 * @module
 */
import { drawSvg } from "../harness/svg.ts";
import type { BenchRow } from "./scenario.ts";

/** What a chart shows: one curve on each of two axes, over a third figure. */
export interface ChartSpec {
  readonly title: string;
  /** Fields of a row, and how they are called. */
  readonly x: readonly [field: string, name: string];
  readonly left: readonly [field: string, name: string];
  readonly right: readonly [field: string, name: string];
}

const WIDTH = 800;
const HEIGHT = 450;

/** Draws rows as an SVG document. */
export function drawChart(rows: readonly BenchRow[], { title, x, left, right }: ChartSpec): string {
  const curve = ([field, name]: ChartSpec["left"], yAxisIndex: number) => ({
    type: "line" as const,
    name,
    yAxisIndex,
    symbolSize: 8,
    label: { show: true },
    data: rows.map((row) => row[field]),
  });
  return drawSvg(WIDTH, HEIGHT, {
    backgroundColor: "#ffffff",
    title: { text: title, left: "center" },
    legend: { bottom: 0 },
    grid: { left: 80, right: 80, top: 70, bottom: 70 },
    xAxis: { type: "category", name: x[1], nameLocation: "middle", nameGap: 28, data: rows.map((row) => row[x[0]]) },
    yAxis: [{ type: "value", name: left[1], min: 0 }, {
      type: "value",
      name: right[1],
      min: 0,
      splitLine: { show: false },
    }],
    series: [curve(left, 0), curve(right, 1)],
  });
}
