import { assert, assertEquals, assertFalse, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import { formatNumber } from "../../src/lab/compare/report/figures.ts";
import { renderText, TEXT_COLUMNS_MAX, wrapped } from "../../src/lab/compare/report/text.ts";
import { madeUpReport } from "../support/compare_report.ts";

const REPORT = madeUpReport();

function assertFits(text: string): void {
  for (const line of text.split("\n")) assertLessOrEqual([...line].length, TEXT_COLUMNS_MAX, line);
}

Deno.test("renderText() fits 100 columns, also with slow callers and many writes", () => {
  assertFits(renderText(REPORT));
  const slow = { p50_ms: 98_765, p95_ms: 108_765, p99_ms: 118_765, max_ms: 119_999 };
  const calls = { call_ms_p50: 98_999, call_ms_p99: 119_999, writes: 1_250_000, writes_per_s: 34_567, failed: 1_500 };
  const costs = { statements_per_s: 34_567, rows_per_statement: 1_999 };
  const loads = REPORT.loads.map((row) => "impossible" in row ? row : { ...row, ...slow, ...calls, ...costs });
  assertFits(renderText({ ...REPORT, loads }));
});

Deno.test("renderText() has a line for each row, with its figures", () => {
  const lines = renderText(REPORT).split("\n").map((line) => line.trim().split(/\s+/));
  const has = (cells: readonly string[]) => lines.some((line) => cells.every((cell) => line.includes(cell)));
  for (const row of REPORT.loads) {
    if ("impossible" in row) continue;
    const { scenario, variant, p50_ms, p95_ms, p99_ms, max_ms, call_ms_p50, call_ms_p99, writes_per_s } = row;
    const waits = [p50_ms, p95_ms, p99_ms, max_ms, call_ms_p50, call_ms_p99, writes_per_s].map(formatNumber);
    assert(has([variant, ...waits]), `wait of ${scenario} ${variant}`);
    const costs = [row.rows_per_statement, row.actions_per_write, row.worker_cpu_s_per_1000_writes].map(formatNumber);
    assert(has([variant, ...costs]), `cost of ${scenario} ${variant}`);
  }
  for (const row of REPORT.scaling) {
    assert(has([row.variant, ...[row.writes_per_s, row.statements_per_s, row.connections].map(formatNumber)]));
  }
  assert(has(["signal", "300", "!72", "!1", "!84", "122"]), "the sum of all faults");
});

Deno.test("renderText() says why something is impossible, and what happened, and marks what is wrong", () => {
  const text = renderText(REPORT).replaceAll(/\s+/g, " ");
  for (const row of REPORT.loads) {
    if ("impossible" in row) assertStringIncludes(text, `${row.variant}: impossible: ${row.impossible}`);
  }
  for (const { note } of REPORT.faults) assertStringIncludes(text, note);
  assertStringIncludes(text, " !50 ");
});

Deno.test("renderText() shows a report of which little was run", () => {
  assertFalse(/undefined|NaN/.test(renderText({ ...REPORT, loads: [], faults: [], scaling: [] })));
});

Deno.test("wrapped() loses no words, and cuts those that do not fit", () => {
  const words = "one two three\nfour " + "x".repeat(250);
  const lines = wrapped(words, "    ");
  for (const line of lines) assertLessOrEqual(line.length, TEXT_COLUMNS_MAX);
  assertEquals(lines.join("").replaceAll(" ", ""), words.replaceAll(/\s/g, ""));
  assertEquals(wrapped(""), [""]);
});
