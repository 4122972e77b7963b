/**
 * Charts as SVG, drawn without a browser.
 *
 * @module
 */
import { type EChartsOption, init } from "echarts";

/** Draws a chart. It has no animation and asks for nothing. */
export function drawSvg(width: number, height: number, option: EChartsOption): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({ animation: false, silent: true, ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
