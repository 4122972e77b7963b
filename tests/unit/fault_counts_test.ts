import { assertEquals } from "@std/assert";
import { type Answer, countWrites, sayAnswers, type WriteRecord } from "../../src/lab/compare/faults/count.ts";
import type { FaultCounts } from "../../src/lab/compare/report_data.ts";

const DONE: Answer = { kind: "done", waitMs: 12 };
const FAILED: Answer = { kind: "failed", errorType: "WRITE_CONFIRMATION_TIMEOUT", message: "too late" };
const UNKNOWN: Answer = { kind: "unknown", errorType: "WRITE_OUTCOME_UNKNOWN", message: 'id "a/1" may be stored' };
const NONE: Answer = { kind: "none" };

const NOTHING: FaultCounts = { writes: 1, phantom: 0, lost: 0, double: 0, callers_failed: 0, told_unknown: 0 };

const CASES: readonly [what: string, record: Omit<WriteRecord, "key">, rows: number, expected: Partial<FaultCounts>][] =
  [
    ["done with its row is as it should be", { answers: [DONE] }, 1, {}],
    ["done without a row is lost", { answers: [DONE] }, 0, { lost: 1 }],
    ["done with three rows is doubled twice", { answers: [DONE] }, 3, { double: 2 }],
    ["failed without a row is a failed caller", { answers: [FAILED] }, 0, { callers_failed: 1 }],
    ["failed with a row is a phantom", { answers: [FAILED] }, 1, { callers_failed: 1, phantom: 1 }],
    ["failed with two rows is a phantom and doubled", { answers: [FAILED] }, 2, {
      callers_failed: 1,
      phantom: 1,
      double: 1,
    }],
    ["unknown that ends as done is no phantom", { answers: [UNKNOWN], proof: DONE }, 1, {
      callers_failed: 1,
      told_unknown: 1,
    }],
    ["unknown that ends as done twice is doubled", { answers: [UNKNOWN], proof: DONE }, 2, {
      callers_failed: 1,
      told_unknown: 1,
      double: 1,
    }],
    ["unknown that ends as done without a row is lost", { answers: [UNKNOWN], proof: DONE }, 0, {
      callers_failed: 1,
      told_unknown: 1,
      lost: 1,
    }],
    ["unknown that ends as failed is a phantom with a row", { answers: [UNKNOWN], proof: FAILED }, 1, {
      callers_failed: 1,
      told_unknown: 1,
      phantom: 1,
    }],
    ["unknown that stays unknown is a phantom with a row", { answers: [UNKNOWN], proof: UNKNOWN }, 1, {
      callers_failed: 1,
      told_unknown: 1,
      phantom: 1,
    }],
    ["no answer is a failed caller that was told no untruth", { answers: [NONE] }, 1, { callers_failed: 1 }],
    ["asked twice and done twice with one row is as it should be", { answers: [DONE, DONE] }, 1, {}],
    ["asked twice and done twice with two rows is doubled", { answers: [DONE, DONE] }, 2, { double: 1 }],
    ["done and then failed is no phantom, as its first caller knows", { answers: [DONE, FAILED] }, 1, {
      callers_failed: 1,
    }],
  ];

for (const [what, record, rows, expected] of CASES) {
  Deno.test(`countWrites() counts: ${what}`, () => {
    const table = new Map([["other", 7], ...(rows > 0 ? [["a", rows] as const] : [])]);
    assertEquals(countWrites([{ key: "a", ...record }], table), { ...NOTHING, ...expected });
  });
}

Deno.test("countWrites() adds writes up", () => {
  const records: WriteRecord[] = [
    { key: "a", answers: [DONE] },
    { key: "b", answers: [FAILED] },
    { key: "c", answers: [DONE] },
    { key: "d", answers: [UNKNOWN], proof: DONE },
  ];
  const rows = new Map([["a", 2], ["b", 1], ["d", 1]]);
  assertEquals(countWrites(records, rows), {
    writes: 4,
    phantom: 1,
    lost: 1,
    double: 1,
    callers_failed: 2,
    told_unknown: 1,
  });
});

Deno.test("sayAnswers() says how many callers were told what", () => {
  assertEquals(sayAnswers([DONE, DONE]), 'all 2 callers were told "done"');
  assertEquals(
    sayAnswers([DONE, FAILED, DONE, { ...FAILED, message: "another text of the same kind" }, UNKNOWN]),
    '2 of 5 callers were told "done", 2 of 5 callers were told "failed" (WRITE_CONFIRMATION_TIMEOUT: too late), ' +
      '1 of 5 callers was told "unknown" (WRITE_OUTCOME_UNKNOWN: id "…" may be stored)',
  );
  assertEquals(sayAnswers([NONE]), "all 1 callers were told nothing, long after their own limit");
});
