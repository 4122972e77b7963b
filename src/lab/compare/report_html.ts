/**
 * `report.markup`: a comparison as one page that opens without a network.
 *
 * @module
 */
import { count } from "./report/figures.ts";
import type { Finding } from "./report/finding.ts";
import { findings } from "./report/findings.ts";
import { Markup, markup } from "./report/markup.ts";
import { variantsIn } from "./report/rows.ts";
import { machineOf, type Section, sectionsOf, whenOf } from "./report/sections.ts";
import { REPORT_STYLE } from "./report/style.ts";
import type { CompareReport } from "./report_data.ts";

/** Nothing from anywhere: not even a mistake in a report could send a reader's browser somewhere. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Renders a comparison as one page that holds all it needs. */
export function renderHtml(report: CompareReport): string {
  const sections = sectionsOf(report);
  const [headline, ...rest] = findings(report);
  const quick = report.quick
    ? markup`<p class="quick">A quick run: short rounds, and few samples at the far end of each curve.</p>`
    : "";
  const links = sections.map(({ id, heading }) => markup`<a href="#${id}">${heading}</a> `);
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>Writes through Temporal, compared</title>
<style>${new Markup(REPORT_STYLE)}</style>
</head>
<body>
<header>
<h1>Writes through Temporal: ${count(variantsIn(report).length, "way")} compared</h1>
<p class="headline">${glued(headline.text)}</p>
<p class="detail">${glued(headline.detail ?? "")}</p>
<p class="made"><code>${report.command}</code>, ${whenOf(report)}, ${machineOf(report)}</p>
${quick}
<ul>${rest.map(renderFinding)}</ul>
<nav aria-label="Parts of this page">${links}</nav>
</header>
<main>
${sections.map(renderSection)}
</main>
<footer><p>Every sentence and chart of this page is computed from <code>report.json</code> of the same run.</p></footer>
</body>
</html>
`.text;
}

function renderSection({ id, heading, content }: Section): Markup {
  return markup`<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${heading}</h2>
${content}
</section>
`;
}

/** The mark beside a finding is drawn by the style sheet; what it means is said to those who do not see it. */
function renderFinding({ text, detail, tone }: Finding): Markup {
  const said = { good: "For Updates: ", bad: "Against Updates: ", plain: "" }[tone];
  const more = detail === undefined ? "" : markup` <span class="detail">${glued(detail)}</span>`;
  return markup`<li class="${tone}"><span class="said">${said}</span>${glued(text)}${more}</li>
`;
}

/** Keeps figures and their units on one line. */
function glued(text: string): string {
  return text.replaceAll(/(\d) (ms|s|min|times)\b/g, "$1\u00a0$2");
}
