/**
 * Words in a chart that are no label of an axis: these have one style for all.
 *
 * @module
 */
import type { CustomSeriesOption } from "echarts";
import { chartColour } from "./palette.ts";
import { TEXT_PX } from "./svg.ts";

/** Words at a place of a chart, in pixels. */
export interface ChartText {
  readonly words: string;
  readonly x: number;
  readonly y: number;
  readonly align?: "left" | "right";
  /** Stands out, and hides the lines behind it. */
  readonly heading?: boolean;
}

/** The shape of words, for a series that draws itself. */
export function textShape({ words, x, y, align = "left", heading = false }: ChartText) {
  return {
    type: "text" as const,
    style: {
      text: words,
      x,
      y,
      align,
      verticalAlign: "middle" as const,
      fontSize: TEXT_PX,
      fontWeight: heading ? 600 : 400,
      fontFamily: "inherit",
      fill: chartColour(heading ? "ink" : "muted"),
      ...heading ? { stroke: chartColour("paper"), lineWidth: 4 } : {},
    },
  };
}

/** A series of words, one for each row of a chart whose rows are those of its other axis. */
export function rowTexts(zero: number, rows: readonly Omit<ChartText, "y">[]): CustomSeriesOption {
  return {
    type: "custom",
    silent: true,
    clip: false,
    data: rows.map((_, index) => [zero, index]),
    renderItem: ({ dataIndex }, api) => textShape({ ...rows[dataIndex], y: api.coord([zero, dataIndex])[1] }),
  };
}
