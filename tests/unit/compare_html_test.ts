import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { formatNumber } from "../../src/lab/compare/report/figures.ts";
import { escapeHtml } from "../../src/lab/compare/report/markup.ts";
import { HOSTILE, hostileReport, madeUpReport } from "../support/compare_report.ts";
import { permittedTest } from "../support/permitted.ts";

// The charting library reads an environment variable when it loads.
const renderers = async () => ({
  ...await import("../../src/lab/compare/report/page.ts"),
  ...await import("../../src/lab/compare/report/chart.ts"),
});

const REPORT = madeUpReport();

/** The cells of each row of each table, without their tags. */
function tableRows(page: string): string[][] {
  return [...page.matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)].map(([, row]) =>
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

permittedTest("renderHtml() has every figure of every row in a table", async () => {
  const { renderHtml } = await renderers();
  const rows = tableRows(renderHtml(REPORT)).map((cells) => cells.join("|"));
  const has = (variant: string, ...figures: readonly number[]) =>
    assert(rows.includes([variant, ...figures.map(formatNumber)].join("|")), `${variant} ${figures}`);
  for (const row of REPORT.loads) {
    if ("impossible" in row) {
      assert(rows.includes(`${row.variant}|impossible: ${escapeHtml(row.impossible)}`));
      continue;
    }
    const { variant, p50_ms, p95_ms, p99_ms, max_ms, call_ms_p50, call_ms_p99, writes_per_s, writes, failed } = row;
    has(variant, p50_ms, p95_ms, p99_ms, max_ms, call_ms_p50, call_ms_p99, writes_per_s, writes, failed);
    const { actions_per_write, events_per_write, history_bytes_per_write, rows_per_statement, statements_per_s } = row;
    const costs = [actions_per_write, events_per_write, history_bytes_per_write, rows_per_statement, statements_per_s];
    has(variant, ...costs, row.worker_cpu_s_per_1000_writes);
  }
  for (const { variant, writes_per_s, p50_ms, statements_per_s, rows_per_statement, connections } of REPORT.scaling) {
    has(variant, writes_per_s, p50_ms, statements_per_s, rows_per_statement, connections);
  }
  for (const { variant, writes, phantom, lost, double, callers_failed, told_unknown, note } of REPORT.faults) {
    const wrongs = [phantom, lost, double].map((n) => n > 0 ? `⚠ ${n}` : "0");
    assert(rows.includes([variant, writes, ...wrongs, callers_failed, told_unknown].join("|")), note);
    assert(rows.includes(escapeHtml(note)), note);
  }
  assert(rows.includes("signal|300|⚠ 72|⚠ 1|⚠ 84|122|0"), "the sum of all faults");
});

permittedTest("renderHtml() says how it was measured", async () => {
  const { renderHtml } = await renderers();
  const page = renderHtml(REPORT);
  for (const { name, what } of REPORT.variants) assertMatch(page, new RegExp(`${name}</dt><dd>${what}`));
  for (const sentence of [...REPORT.method, ...REPORT.notMeasured]) assertStringIncludes(page, escapeHtml(sentence));
  for (const { what } of REPORT.actionRules) assertStringIncludes(page, what);
});

permittedTest("renderHtml() names each chart, scopes each heading and repeats no id", async () => {
  const { renderHtml } = await renderers();
  const tags = tagsOf(renderHtml(REPORT));
  const charts = tags.filter((tag) => tag.startsWith("<svg"));
  assertEquals(charts.length, 2, "wide and narrow");
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
    "impossible" in row ? row : { ...row, p50_ms: null as unknown as number, p99_ms: NaN }
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
