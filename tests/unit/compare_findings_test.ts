import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { findings } from "../../src/lab/compare/report/findings.ts";
import { comparisons, MEASURES } from "../../src/lab/compare/report/measures.ts";
import { wrongTotal } from "../../src/lab/compare/report/rows.ts";
import { type CompareReport, type LoadRow, LOADS, type VariantName } from "../../src/lab/compare/report_data.ts";
import { madeUpReport } from "../support/compare_report.ts";

const REPORT = madeUpReport();

/** The same report with the rows of two variants under each other's names. */
function swapped(report: CompareReport, one: VariantName, other: VariantName): CompareReport {
  const swap = <R extends { readonly variant: VariantName }>(row: R): R => ({
    ...row,
    variant: row.variant === one ? other : row.variant === other ? one : row.variant,
  });
  return { ...report, loads: report.loads.map(swap), faults: report.faults.map(swap) };
}

/** The same report without what `keep` refuses. */
function only(report: CompareReport, keep: (row: { readonly variant: VariantName }) => boolean): CompareReport {
  const { loads, faults, scaling } = report;
  return { ...report, loads: loads.filter(keep), faults: faults.filter(keep), scaling: scaling.filter(keep) };
}

function textsOf(report: CompareReport): string {
  return findings(report).map(({ text, detail }) => `${text} ${detail ?? ""}`).join("\n");
}

Deno.test("findings() begins with the whole call of an idle caller", () => {
  const [headline] = findings(REPORT);
  assertEquals(
    headline.text,
    "Idle, without pauses, a whole call takes 15.5 ms with an Update and 130 ms with signals: 8.4 times less.",
  );
  assertEquals(headline.tone, "good");
});

Deno.test("findings() says the opposite of the opposite", () => {
  const [headline, ...rest] = findings(swapped(REPORT, "update", "signal"));
  assertEquals(
    headline.text,
    "Idle, without pauses, a whole call takes 130 ms with an Update and 15.5 ms with signals: 8.4 times more.",
  );
  assertEquals(headline.tone, "bad");
  const faults = rest.find(({ text }) => text.startsWith("When something goes wrong"))!;
  assertEquals(faults, {
    text: "When something goes wrong, update has 72 phantom, 1 lost and 84 double writes in 6 of 8 faults.",
    tone: "bad",
  });
  assertStringIncludes(textsOf(swapped(REPORT, "update", "signal")), "2.4 times more");
});

Deno.test("findings() calls what is the same the same", () => {
  const same = only(REPORT, ({ variant }) => variant === "update").loads;
  const report = { ...REPORT, loads: [...same, ...same.map((row) => ({ ...row, variant: "signal" as const }))] };
  const [headline] = findings(report);
  assertEquals(
    headline.text,
    "Idle, without pauses, a whole call takes 15.5 ms with an Update and 15.5 ms with signals: about the same.",
  );
  assertEquals(headline.tone, "plain");
  assertStringIncludes(
    textsOf(report),
    `signal does better than update in 0 of ${MEASURES.length * LOADS.length} comparisons, and worse in 0.`,
  );
});

Deno.test("findings() says where a rival does better", () => {
  const rival = findings(REPORT).find(({ text }) => text.startsWith("activity does better"))!;
  assertEquals(rival.tone, "bad");
  assertStringIncludes(rival.detail!, "median wait (steady 64 ms against 72 ms)");
  const better = comparisons(REPORT).filter(({ rival, better }) => rival === "activity" && better === "other");
  assertStringIncludes(rival.text, `in ${better.length} of `);
});

Deno.test("comparisons() go by what is better, be it less or more", () => {
  for (const { measure, own, other, better } of comparisons(REPORT)) {
    const clear = Math.max(own, other) / Math.min(own, other) >= 1.1;
    const ownIs = (measure.better === "less") === (own < other) ? "own" : "other";
    assertEquals(better, clear ? ownIs : "neither", `${measure.name}: ${own} and ${other}`);
  }
});

Deno.test("comparisons() leave out what is not known", () => {
  const loads = REPORT.loads.map((row) => "impossible" in row ? row : { ...row, p50_ms: NaN });
  assertFalse(comparisons({ ...REPORT, loads }).some(({ measure }) => measure.field === "p50_ms"));
});

Deno.test("findings() compare with the next rival where there were no signals", () => {
  const [headline] = findings(only(REPORT, ({ variant }) => variant !== "signal"));
  assertMatch(headline.text, /^Idle, without pauses, a whole call takes 15.5 ms .* with a batch shared by .* less\.$/);
  assertMatch(headline.detail!, /6.5 ms and 30.2 ms: 4.6 times less/);
});

Deno.test("findings() without Updates, or without anything, claim nothing", () => {
  const [headline] = findings(only(REPORT, ({ variant }) => variant !== "update"));
  assertStringIncludes(headline.text, "Updates were not among the variants");
  assertFalse(textsOf(only(REPORT, ({ variant }) => variant !== "update")).includes("better than update"));
  const [alone] = findings(only(REPORT, ({ variant }) => variant === "update"));
  assertEquals(alone.text, "Idle, without pauses, a caller waits 6.5 ms with an Update.");
  assertEquals(findings(only(REPORT, () => false)).length, 1);
});

Deno.test("findings() tell with how many processes an Update gathers more", () => {
  const scaling = REPORT.scaling.map((row) =>
    row.variant === "update" && row.processes === 1 ? { ...row, rows_per_statement: 9 } : row
  );
  assertStringIncludes(textsOf({ ...REPORT, scaling }), "8.9 times more (more with 4 and 8, not with 1).");
  const worse = REPORT.scaling.map((row) => row.variant === "update" ? { ...row, rows_per_statement: 1.3 } : row);
  const finding = findings({ ...REPORT, scaling: worse }).find(({ text }) => text.includes("one of activity"))!;
  assertStringIncludes(finding.text, "2 times less");
  assertEquals(finding.tone, "bad");
});

Deno.test("findings() keep no failed caller quiet", () => {
  const loads = REPORT.loads.map((row) =>
    row.scenario === "steady" && row.variant === "update" ? { ...row as LoadRow, failed: 3 } : row
  );
  const failure = findings({ ...REPORT, loads }).at(-1)!;
  assertEquals(failure, { text: "3 callers of update failed under steady load, with nothing broken.", tone: "bad" });
});

Deno.test("wrongTotal() adds up the faults of one variant", () => {
  assertEquals(wrongTotal(REPORT, "signal"), {
    phantom: 72,
    lost: 1,
    double: 84,
    faults: 8,
    faultsWrong: 6,
    writes: 300,
    callers_failed: 122,
    told_unknown: 0,
  });
  const update = wrongTotal(REPORT, "update");
  assertEquals([update.phantom, update.lost, update.double, update.faults, update.faultsWrong], [0, 0, 0, 7, 0]);
  assert(update.told_unknown === 50);
});
