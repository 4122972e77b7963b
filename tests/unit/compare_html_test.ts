import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { findings } from "../../src/lab/compare/report/findings.ts";
import { formatMs, formatNumber } from "../../src/lab/compare/report/figures.ts";
import { escapeHtml } from "../../src/lab/compare/report/markup.ts";
import { CURVE_PERCENTILES, type FaultRow, type LoadRow, LOADS } from "../../src/lab/compare/report_data.ts";
import { HOSTILE, hostileReport, madeUpReport } from "../support/compare_report.ts";
import { permittedTest } from "../support/permitted.ts";

// The charting library reads an environment variable when it loads.
const renderers = async () => ({
  ...await import("../../src/lab/compare/report_html.ts"),
  ...await import("../../src/lab/compare/chart_svg.ts"),
});

const REPORT = madeUpReport();

/** The cells of each row of each table, without their tags. */
function tableRows(page: string): string[][] {
  return [...page.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row]) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell]) =>
      cell.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ").trim()
    )
  );
}

/** Tags with their attributes: everything that a browser would act upon. */
function tagsOf(page: string): string[] {
  return page.match(/<[a-z!/](?:"[^"]*"|'[^']*'|[^>"'])*>/gi)!;
}

permittedTest("renderHtml() shows hostile text as text", async () => {
  const { renderHtml, renderChartSvg } = await renderers();
  for (const page of [renderHtml(hostileReport()), renderChartSvg(hostileReport())]) {
    assertFalse(/<script|<img/i.test(page));
    assertFalse(tagsOf(page).some((tag) => /\son\w+=/i.test(tag.replaceAll(/"[^"]*"/g, '""'))));
    // deno-lint-ignore no-control-regex
    assertFalse(/[\x00-\x08\x0b-\x1f]/.test(page));
  }
  const shown = renderHtml(hostileReport()).split(escapeHtml(HOSTILE)).length - 1;
  assert(shown > 20, `${shown} times`);
});

permittedTest("renderHtml() and renderChartSvg() ask nobody for anything", async () => {
  const { renderHtml, renderChartSvg } = await renderers();
  for (const page of [renderHtml(REPORT), renderChartSvg(REPORT)]) {
    assertFalse(/<(?:script|link|img|iframe|object|embed|image|use|foreignObject|base)\b/i.test(page));
    assertFalse(/@import|@font-face/i.test(page));
    for (const [, target] of page.matchAll(/(?:href|src|srcset|action|xlink:href)\s*=\s*"([^"]*)"/gi)) {
      assertMatch(target, /^#[\w-]+$/);
    }
    for (const [, target] of page.matchAll(/url\(([^)]*)\)/gi)) assertMatch(target, /^#[\w-]+$/);
    assertFalse(/https?:/.test(page.replace('xmlns="http://www.w3.org/2000/svg"', "")));
  }
  assertMatch(renderHtml(REPORT), /<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;/);
});

permittedTest("renderHtml() has every figure of every load in a table", async () => {
  const { renderHtml } = await renderers();
  const rows = tableRows(renderHtml(REPORT));
  for (const row of REPORT.loads.filter((row): row is LoadRow => !("impossible" in row))) {
    const { variant, curve_ms, p50_ms, p95_ms, p99_ms, max_ms } = row;
    const known = new Map([[50, p50_ms], [95, p95_ms], [99, p99_ms], [100, max_ms]]);
    const waits = CURVE_PERCENTILES.map((percentile, index) => known.get(percentile) ?? curve_ms[index]);
    const wait = [row.writes, row.failed, ...waits, row.call_ms_p50, row.call_ms_p99].map(formatNumber);
    assert(
      rows.some((cells) => cells.join("|") === [variant, ...wait].join("|")),
      `wait of ${row.scenario} ${variant}`,
    );
    const costs = [
      row.writes_per_s,
      row.statements_per_s,
      row.rows_per_statement,
      row.events_per_write,
      row.history_bytes_per_write,
      row.actions_per_write,
      row.worker_cpu_s_per_1000_writes,
    ].map(formatNumber);
    assert(
      rows.some((cells) => cells.join("|") === [variant, ...costs].join("|")),
      `cost of ${row.scenario} ${variant}`,
    );
    assert(
      rows.some(([load, ...cells]) =>
        load === row.scenario &&
        cells.includes(`${formatMs(row.p50_ms)} – ${formatMs(row.p99_ms)} call ${formatMs(row.call_ms_p50)}`)
      ),
    );
  }
});

permittedTest("renderHtml() has every figure of scaling and faults in a table", async () => {
  const { renderHtml } = await renderers();
  const rows = tableRows(renderHtml(REPORT)).map((cells) => cells.join("|"));
  for (const { variant, writes_per_s, p50_ms, statements_per_s, rows_per_statement, connections } of REPORT.scaling) {
    const figures = [writes_per_s, p50_ms, statements_per_s, rows_per_statement, connections].map(formatNumber);
    assert(rows.includes([variant, ...figures].join("|")), variant);
  }
  for (const row of REPORT.faults.filter((row): row is FaultRow => !("impossible" in row))) {
    const wrongs = [row.phantom, row.lost, row.double].map((n) => n > 0 ? `⚠ ${n}` : "0");
    const figures = [row.writes, ...wrongs, row.callers_failed, row.told_unknown].map(String);
    assert(rows.includes([row.variant, ...figures, escapeHtml(row.note)].join("|")), `${row.fault} ${row.variant}`);
  }
  assert(rows.includes(
    "All faults|✓ 0 wrong in 7 faults|⚠ 72 phantom ⚠ 1 lost ⚠ 84 double in 6 of 8 faults|" +
      "✓ 0 wrong in 7 faults|⚠ 3 phantom in 1 of 7 faults",
  ));
});

permittedTest("renderHtml() says why a load or a fault is impossible", async () => {
  const { renderHtml } = await renderers();
  const rows = tableRows(renderHtml(REPORT)).map((cells) => cells.join("|"));
  for (const row of [...REPORT.loads, ...REPORT.faults]) {
    if ("impossible" in row) assert(rows.includes(`${row.variant}|impossible: ${escapeHtml(row.impossible)}`));
  }
});

permittedTest("renderHtml() says everything that was found, the headline largest", async () => {
  const { renderHtml } = await renderers();
  const page = renderHtml(REPORT).replaceAll("\u00a0", " ");
  const [headline, ...rest] = findings(REPORT);
  assertStringIncludes(page, `<p class="headline">${escapeHtml(headline.text)}</p>`);
  for (const { text } of rest) assertStringIncludes(page, escapeHtml(text));
  for (const sentence of [...REPORT.method, ...REPORT.notMeasured]) assertStringIncludes(page, escapeHtml(sentence));
  for (const { what } of REPORT.actionRules) assertStringIncludes(page, what);
});

permittedTest("renderHtml() names each chart, scopes each heading and repeats no id", async () => {
  const { renderHtml } = await renderers();
  const tags = tagsOf(renderHtml(REPORT));
  const charts = tags.filter((tag) => tag.startsWith("<svg"));
  // Wide and narrow: an overview, three of each load, three of costs, two of scaling.
  assertEquals(charts.length, 2 * (1 + 3 * LOADS.length + 3 + 2));
  for (const chart of charts) assertMatch(chart, / role="img" aria-label="[^"]{20,}"/);
  for (const heading of tags.filter((tag) => /^<th[ >]/.test(tag))) {
    assertMatch(heading, / scope="(?:col|row|rowgroup)"/);
  }
  const ids = tags.flatMap((tag) => / id="([^"]*)"/.exec(tag)?.[1] ?? []);
  assertEquals(ids.length, new Set(ids).size);
  for (const [, id] of tags.join("").matchAll(/(?:href="#|url\(#)([\w-]+)/g)) assert(ids.includes(id), id);
});

permittedTest("renderHtml() draws with the colours of the theme only, and the same page each time", async () => {
  const { renderHtml, renderChartSvg } = await renderers();
  const page = renderHtml(REPORT);
  for (const [chart] of page.matchAll(/<svg.*?<\/svg>/gs)) {
    for (const [, colour] of chart.matchAll(/ (?:fill|stroke)="([^"]*)"/g)) {
      assertMatch(colour, /^(?:none|var\(--[\w-]+\))$/, chart.slice(0, 200));
    }
  }
  assertEquals(renderHtml(REPORT), page);
  assertEquals(renderChartSvg(REPORT), renderChartSvg(REPORT));
});

permittedTest("renderHtml() shows a report of which little was run", async () => {
  const { renderHtml, renderChartSvg } = await renderers();
  const empty = { ...REPORT, loads: [], faults: [], scaling: [], notMeasured: [] };
  assertFalse(renderHtml(empty).includes("<svg"));
  assertMatch(renderChartSvg(empty), /^<svg/);
  const few = { ...REPORT, loads: REPORT.loads.slice(0, 2), faults: [], scaling: [] };
  assertFalse(renderHtml(few).includes("undefined") || renderHtml(few).includes("NaN"));
});

permittedTest("renderHtml() shows what is not known as unknown", async () => {
  const { renderHtml } = await renderers();
  const loads = REPORT.loads.map((row) =>
    "impossible" in row ? row : { ...row, p50_ms: null as unknown as number, curve_ms: row.curve_ms.map(() => NaN) }
  );
  const page = renderHtml({ ...REPORT, loads });
  assertStringIncludes(page, "unknown");
  assertFalse(/>[^<]*\b(?:NaN|null|undefined)\b/.test(page));
});

permittedTest("renderChartSvg() says what it shows, in light and dark", async () => {
  const { renderChartSvg } = await renderers();
  const picture = renderChartSvg(REPORT);
  assertMatch(picture, /<title id="title">[^<]+<\/title>\s*<desc id="desc">[^<]{50,}<\/desc>/);
  assertStringIncludes(picture, "prefers-color-scheme: dark");
  for (const words of ["6.5 ms – 14.2 ms", "121 ms – 214 ms", "impossible", "deno task compare --quick"]) {
    assertStringIncludes(picture, words);
  }
});
