/**
 * `report.html`: a comparison as one page that opens without a network.
 *
 * @module
 */
import { type CompareReport, WRONGS } from "../report_data.ts";
import { drawWaits } from "./chart.ts";
import { formatDuration, formatNumber } from "./figures.ts";
import { Markup, markup } from "./markup.ts";
import { reportStyle } from "./style.ts";
import { type Table, type TableRow, tablesOf } from "./tables.ts";

/** Nothing from anywhere: not even a mistake in a report could send a reader's browser somewhere. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Widths at which the chart is drawn, for a wide page and for a phone. */
const WIDTHS = { wide: 820, narrow: 344 };

/** Renders a comparison as one page that holds all it needs. */
export function renderHtml(report: CompareReport): string {
  const { command, startedAt, durationS, quick, machine: { cpus, cpu, memoryGiB, os } } = report;
  const tables = tablesOf(report);
  const minute = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(startedAt);
  const when = minute === null ? startedAt : `${minute[1]} ${minute[2]} UTC`;
  const links = [...tables.map(({ id, title }) => ({ id, title })), { id: "method", title: "How it was measured" }];
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>Writes through Temporal, compared</title>
<style>${new Markup(reportStyle(report.variants))}</style>
</head>
<body>
<header>
<h1>Writes through Temporal: ${report.variants.length} ways compared</h1>
<p class="muted"><code>${command}</code>, ${when}, took ${formatDuration(durationS)}, ${formatNumber(cpus)} × ${cpu}, ${
    formatNumber(memoryGiB)
  } GiB, ${os}</p>
${quick ? markup`<p>A quick run: short rounds, and few samples behind each p99.</p>` : ""}
${facts(report.variants.map(({ name, what }) => [swatched(report, name), what]))}
<nav aria-label="Parts of this page">${links.map(({ id, title }) => markup`<a href="#${id}">${title}</a> `)}</nav>
</header>
<main>
${tables.map((table) => section(table.id, table.title, [...above(report, table), renderTable(report, table)]))}
${section("method", "How it was measured", [list(report.method), facts(Object.entries(report.versions))])}
${
    section("rules", "How actions are counted", [
      facts(report.actionRules.map(({ what, actions }) => [what, actions])),
    ])
  }
${section("not-measured", "What was not measured", [list(report.notMeasured)])}
</main>
</body>
</html>
`.text;
}

function section(id: string, title: string, content: readonly Markup[]): Markup {
  return markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${content}</section>
`;
}

/** What stands above a table. */
function above(report: CompareReport, { id }: Table): Markup[] {
  if (id === "faults") return [facts(Object.entries(WRONGS))];
  if (id !== "waits") return [];
  return (["wide", "narrow"] as const).map((size) =>
    markup`<div class="${size}">${drawWaits(report, size, WIDTHS[size])}</div>`
  );
}

function list(sentences: readonly string[]): Markup {
  return markup`<ul>${sentences.map((sentence) => markup`<li>${sentence}</li>`)}</ul>`;
}

function facts(pairs: readonly (readonly [string | Markup, string])[]): Markup {
  return markup`<dl>${pairs.map(([name, words]) => markup`<dt>${name}</dt><dd>${words}</dd>`)}</dl>`;
}

/** The name of a variant behind its colour. */
function swatched({ variants }: CompareReport, name: string): Markup {
  const index = variants.findIndex((variant) => variant.name === name);
  return markup`<span class="swatch" style="background:var(--variant-${index})"></span>${name}`;
}

/** Renders a table that scrolls by itself where it is wider than the page. */
function renderTable(report: CompareReport, { title, columns, groups }: Table): Markup {
  const heads = columns.map((column) => markup`<th scope="col">${column}</th>`);
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${title}"><table>
<thead><tr><th scope="col">variant</th>${heads}</tr></thead>
${
    groups.map(({ heading, rows }) =>
      markup`<tbody>
<tr class="group"><th scope="rowgroup" colspan="${columns.length + 1}"><span>${heading}</span></th></tr>
${rows.map((row) => renderRow(report, row, columns.length))}</tbody>
`
    )
  }</table></div>`;
}

function renderRow(report: CompareReport, { name, cells, words }: TableRow, columns: number): Markup {
  const head = markup`<th scope="row">${swatched(report, name)}</th>`;
  const below = (span: number) => markup`<td class="words" colspan="${span}"><div>${words ?? ""}</div></td>`;
  if (cells === undefined) return markup`<tr>${head}${below(columns)}</tr>\n`;
  const figures = cells.map(({ text, alarm }) =>
    markup`<td>${alarm ? markup`<span class="alarm">⚠ ${text}</span>` : text}</td>`
  );
  if (words === undefined) return markup`<tr>${head}${figures}</tr>\n`;
  return markup`<tr class="noted">${head}${figures}</tr>\n<tr>${below(columns + 1)}</tr>\n`;
}
