import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { GroupCommit, type Ticket } from "../../src/core/group_commit.ts";
import { TaskBudget } from "../../src/core/task_budget.ts";
import { DIGEST_CHARS } from "../../src/protocol/digests.ts";
import { PROTOCOL_VERSION, type SubmissionHeader } from "../../src/protocol/messages.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { resolveBatchingOptions } from "../../src/protocol/options.ts";
import { answerBytes, encodeAnswer, type WriteReceipt } from "../../src/protocol/receipt_runs.ts";

/** Submissions that meet in a workflow task, and what the flush says of a write. */
interface Load {
  readonly writes: readonly number[];
  readonly resultChars: number;
  readonly kind: "committed" | "rejected" | "mixed";
}

const load: fc.Arbitrary<Load> = fc.record({
  writes: fc.array(fc.integer({ min: 1, max: LIMITS.updateWritesMax }), { minLength: 1, maxLength: 10 }),
  resultChars: fc.integer({ min: 0, max: 2_000 }),
  kind: fc.constantFrom("committed", "rejected", "mixed"),
});

/** Counts what a workflow task really holds, beside the budget of the code under test. */
class Task {
  bytes = 0;
  readonly answered = new Set<Ticket>();

  add(payloadBytes: number): void {
    this.bytes += payloadBytes + LIMITS.messageFrameBytes;
    assertLessOrEqual(this.bytes, LIMITS.taskOwnBytesMax);
  }
}

function submission(writer: string, update: number, count: number): [SubmissionHeader, Uint8Array] {
  const ids = Array.from({ length: count }, (_, i) => `${writer}/${update}/${i}`);
  const digests = "d".repeat(DIGEST_CHARS * count);
  return [{ version: PROTOCOL_VERSION, writer, ids, digests }, new TextEncoder().encode(ids.map(() => "1").join("\n"))];
}

function receiptOf({ kind, resultChars }: Load, batchId: string, n: number): WriteReceipt {
  if (kind === "rejected" || kind === "mixed" && n % 2 === 0) {
    return { status: "rejected", batchId, errorType: "23514", errorMessage: `${n} ${"m".repeat(resultChars % 500)}` };
  }
  const receipt = { status: "committed", batchId, committedAt: "2026-01-01T00:00:00.000Z" } as const;
  return resultChars === 0 ? receipt : { ...receipt, result: "r".repeat(resultChars) };
}

Deno.test("GroupCommit never puts more into a workflow task than its budget, and answers everybody", () => {
  fc.assert(
    fc.property(fc.array(load, { minLength: 1, maxLength: 6 }), (loads) => {
      const commit = new GroupCommit(
        resolveBatchingOptions({ writersMax: 10 }),
        undefined,
        undefined,
        new TaskBudget(),
      );
      const open = new Map<Ticket, SubmissionHeader>();
      let task = new Task();
      let flushes = 0;
      const count = () => {
        for (const [ticket, header] of open) {
          if (!ticket.answer) continue;
          task.add(answerBytes(ticket.answer));
          commit.leave(header, 0);
          open.delete(ticket);
        }
      };
      const nextTask = () => {
        commit.endTask();
        task = new Task();
        commit.beginTask();
        count();
      };
      for (const [round, which] of loads.entries()) {
        which.writes.forEach((writes, w) => {
          const [header, body] = submission(`w${w}`, round, writes);
          assertEquals(commit.refusal(header, body, 0), undefined);
          open.set(commit.admit(header, body, 0), header);
        });
        count();
        while (commit.hasQueued) {
          const batchId = `batcher/0/0/0123456789ab/${++flushes}`;
          while (!commit.hasRoomFor(batchId)) nextTask();
          const batch = commit.take(batchId);
          const receipts = Array.from({ length: batch.writes }, (_, n) => receiptOf(which, batch.header.batchId, n));
          const { runs, bytes } = encodeAnswer(receipts, commit.answerBytesMax);
          task.add(bytes);
          commit.settle(batch, { runs }, "marker");
          count();
        }
        for (let tasks = 0; commit.withholdsAnswers; tasks++) {
          assert(tasks < 100, "each task must answer somebody");
          nextTask();
        }
        assertEquals(open.size, 0, "everybody must be answered");
        nextTask();
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("GroupCommit leaves no result out where results keep their size", () => {
  const commit = new GroupCommit(resolveBatchingOptions());
  const tickets = Array.from({ length: 6 }, (_, w) => commit.admit(...submission(`w${w}`, 0, 440), 0));
  const which: Load = { writes: [], resultChars: 700, kind: "committed" };
  for (let flush = 1; commit.hasQueued || commit.withholdsAnswers; flush++) {
    commit.endTask();
    commit.beginTask();
    if (!commit.hasQueued || !commit.hasRoomFor(`b/${flush}`)) continue;
    const batch = commit.take(`b/${flush}`);
    const receipts = Array.from({ length: batch.writes }, (_, n) => receiptOf(which, batch.header.batchId, n));
    commit.settle(batch, encodeAnswer(receipts, commit.answerBytesMax), "marker");
  }
  for (const ticket of tickets) {
    assertEquals(ticket.answer!.flatMap((run) => "results" in run ? run.results : []).length, 440);
  }
});
