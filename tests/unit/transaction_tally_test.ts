import { assertEquals } from "@std/assert";
import { TransactionTally } from "../../src/cli/transaction_tally.ts";
import type { TransactionOutcome } from "../../src/cli/transactions.ts";
import { type FailedOutcome, failedOutcome, FAILURE } from "../../src/protocol/failures.ts";

const write = { requestId: "a", data: 1 };

function stored(status: "committed" | "duplicate"): TransactionOutcome {
  return { write, workflowId: "w", stored: { status, requestId: "a", batchId: "b", waitMs: 1 } };
}

function failed(errorType: string, outcome: FailedOutcome): TransactionOutcome {
  return { write, workflowId: "w", errorType, errorMessage: "m", outcome };
}

Deno.test("TransactionTally.add() counts each transaction once, by what became of its write", () => {
  const tally = new TransactionTally();
  for (
    const outcome of [
      stored("committed"),
      stored("committed"),
      stored("duplicate"),
      failed(FAILURE.WRITE_REJECTED, "not written"),
      failed(FAILURE.REQUEST_ID_CONFLICT, "not written"),
      failed(FAILURE.DATABASE_WRITE_FAILED, "not written"),
      failed(FAILURE.WRITE_SUBMISSION_FAILED, "not written"),
      failed(FAILURE.WRITE_SUBMISSION_FAILED, "unknown"),
      failed(FAILURE.WRITE_CONFIRMATION_TIMEOUT, "unknown"),
      failed("TerminatedFailure", "unknown"),
    ]
  ) tally.add(outcome);
  assertEquals(`${tally.counts}`, "2 committed, 1 duplicate, 1 rejected, 1 conflicts, 2 failed, 3 unknown");
  assertEquals([tally.succeeded, tally.ended], [3, 10]);
  assertEquals(tally.failures, [
    "rejected   a  WRITE_REJECTED: m",
    "conflict   a  RequestIdConflict: m",
    "failed     a  DATABASE_WRITE_FAILED: m",
    "failed     a  WRITE_SUBMISSION_FAILED: m",
    "unknown    a  WRITE_SUBMISSION_FAILED: m",
  ]);
});

Deno.test("failedOutcome() takes the word of the details, and calls unknown what it does not know", () => {
  const outcomes: [string | undefined, unknown[] | undefined, FailedOutcome][] = [
    [FAILURE.WRITE_SUBMISSION_FAILED, [{ outcome: "not written" }], "not written"],
    [FAILURE.WRITE_SUBMISSION_FAILED, [{ outcome: "unknown" }], "unknown"],
    [FAILURE.WRITE_SUBMISSION_FAILED, undefined, "unknown"],
    [FAILURE.WRITE_CONFIRMATION_TIMEOUT, [], "unknown"],
    [FAILURE.INVALID_WRITE, undefined, "not written"],
    [FAILURE.REQUEST_ID_CONFLICT, [null], "not written"],
    [FAILURE.WRITE_REJECTED, [{ requestId: "a", status: "rejected" }], "not written"],
    ["TypeError", undefined, "unknown"],
    [undefined, undefined, "unknown"],
  ];
  for (const [type, details, expected] of outcomes) assertEquals(failedOutcome({ type, details }), expected);
});
