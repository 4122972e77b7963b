/**
 * A comparison as one picture, for a README.
 *
 * @module
 */
import { escapeHtml } from "./report/markup.ts";
import { drawOverview } from "./report/overview_chart.ts";
import { cssVariables } from "./report/palette.ts";
import type { CompareReport } from "./report_data.ts";

/** Width of the picture for a README: as wide as a page on GitHub shows it without making it smaller. */
const PICTURE_WIDTH = 760;
const PICTURE_HEAD_PX = 80;
const PICTURE_PAD_PX = 20;
/** Characters of a line under the title. */
const LINE_MAX = 100;

/**
 * Draws the overview as a document of its own, for a README. It has a background, as a picture follows the theme of
 * the system, which need not be that of the page around it.
 */
export function renderChartSvg(report: CompareReport): string {
  const inner = drawOverview(report, "overview", PICTURE_WIDTH - 2 * PICTURE_PAD_PX).text;
  const [, height] = /height="(\d+)"/.exec(inner)!;
  const total = Number(height) + PICTURE_HEAD_PX + PICTURE_PAD_PX;
  const { cpus, cpu } = report.machine;
  const made = [report.command, `${report.startedAt.slice(0, 10)}, ${cpus} × ${cpu}`].map((line, index) =>
    `<text x="${PICTURE_PAD_PX}" y="${47 + 17 * index}" font-size="12" fill="var(--muted)">${
      escapeHtml(cut(line))
    }</text>`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${PICTURE_WIDTH}" height="${total}" viewBox="0 0 ${PICTURE_WIDTH} ${total}" role="img" aria-labelledby="title desc">
<title id="title">How long a caller waits for the result of its write</title>
<desc id="desc">${/aria-label="([^"]*)"/.exec(inner)![1]}</desc>
<style>
svg { ${
    cssVariables("light")
  }; font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
@media (prefers-color-scheme: dark) { svg { ${cssVariables("dark")} } }
</style>
<rect x="0.5" y="0.5" width="${PICTURE_WIDTH - 1}" height="${
    total - 1
  }" rx="6" fill="var(--paper)" stroke="var(--line)"/>
<text x="${PICTURE_PAD_PX}" y="28" font-size="16" font-weight="600" fill="var(--ink)">How long a caller waits for the result of its write</text>
${made.join("\n")}
${inner.replace("<svg ", `<svg x="${PICTURE_PAD_PX}" y="${PICTURE_HEAD_PX}" `)}
</svg>
`;
}

function cut(line: string): string {
  return line.length <= LINE_MAX ? line : `${line.slice(0, LINE_MAX - 1)}…`;
}
