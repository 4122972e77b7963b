/**
 * Charts as SVG, drawn without a browser.
 *
 * @module
 */
import { type EChartsOption, init } from "echarts";
import { escapeHtml, Markup } from "./markup.ts";
import { chartColour, useVariables } from "./palette.ts";

/** Size of text in a chart, in pixels. */
export const TEXT_PX = 12;

/** A chart that is to be drawn. */
export interface Drawing {
  /** Unlike that of all other charts on the page: letters, digits and hyphens. */
  readonly id: string;
  /** What the chart shows, for those who do not see it. */
  readonly label: string;
  readonly width: number;
  readonly height: number;
  readonly option: EChartsOption;
}

/** Draws a chart as an SVG element without any script, hover rule or colour of its own: its colours are variables. */
export function drawSvg({ id, label, width, height, option }: Drawing): Markup {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      silent: true,
      textStyle: { fontFamily: "inherit", fontSize: TEXT_PX, color: chartColour("ink") },
      ...option,
    });
    const [, body] = /^<svg[^>]*>(.*)<\/svg>\s*$/s.exec(chart.renderToSVGString())!;
    const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
    return new Markup(`<svg ${size} role="img" aria-label="${escapeHtml(label)}">${cleaned(body, id)}</svg>`);
  } finally {
    chart.dispose();
  }
}

/** Takes out what is for a live chart and what has no colour of ours, and makes ids those of this chart. */
function cleaned(body: string, id: string): string {
  return useVariables(body)
    .replaceAll(/<style ?>.*?<\/style>/gs, "")
    .replaceAll(/ (?:class="zr[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="[^"]*")/g, "")
    .replaceAll(/ fill="(?:#000"|rgb\(0,0,0\)" fill-opacity="0")/g, ' fill="none"')
    .replaceAll(/\bzr\d+-/g, `${id}-`)
    .replaceAll(/\n\s*/g, "\n");
}
