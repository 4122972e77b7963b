/** Who is told `committed` and who `duplicate`, when batchers end and when ledgers lose rows. */
import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { FAILURE } from "../../src/protocol/failures.ts";
import type { ReceiptRun, SubmitWritesAnswer } from "../../src/protocol/messages.ts";
import { eventually } from "../support/eventually.ts";
import { failureOf } from "../support/failure_of.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { submissionOf, submitRaw } from "../support/raw_submission.ts";

/** Takes a row out of the ledger, as a restore of an older backup or a prune would. */
function loseRow(lab: Lab, requestId: string): void {
  using database = new DatabaseSync(lab.ledgerFile, { timeout: 5_000 });
  database.prepare("DELETE FROM batched_writes WHERE request_id = ?").run(requestId);
}

/** Sends one write with a mark, and returns its receipt. */
async function submitMarked(lab: Lab, name: string, requestId: string, mark?: number): Promise<ReceiptRun> {
  const [header, body] = submissionOf([{ requestId, data: 1 }]);
  const { runs: [run] } = await submitRaw(lab, name, [mark === undefined ? header : { ...header, mark }, body]);
  return run;
}

labTests({}, [
  [
    "write() whose batcher is terminated after the commit is told committed, and a second caller duplicate",
    async (lab) => {
      const name = lab.name();
      await lab.batcherWorker(name);
      const write = { requestId: `${name}/a`, data: 1 };
      const release = lab.sink.hangAfterCommit();
      const waiting = lab.writer(name).write(write);
      await eventually("the flush has committed", () => Promise.resolve(lab.sink.heldAfterCommit === 1));
      await lab.batcher(name).terminate("a test");
      release();
      const first = await waiting;
      assertEquals(first.status, "committed");
      await lab.assertLedgerHolds(`${name}/`, [first]);
      assertEquals(await lab.writer(name).write(write), { ...first, status: "duplicate" });
    },
  ],

  ["write() that another delivery stored while its batcher ended is told duplicate", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const write = { requestId: `${name}/a`, data: 1 };
    const other = lab.name();
    await lab.batcherWorker(other);
    lab.sink.failBeforeCommit(Infinity);
    const waiting = lab.writer(name).write(write);
    await eventually("the write is admitted", async () => await lab.acceptedUpdates(name) === 1);
    await lab.batcher(name).terminate("a test");
    lab.sink.heal();
    const [one, two] = await Promise.all([waiting, lab.writer(other).write(write)]);
    assertEquals([one.status, two.status].toSorted(), ["committed", "duplicate"]);
  }],

  ["write() of a stored id whose row the ledger has lost stores it again", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const write = { requestId: `${name}/a`, data: 1 };
    const writer = lab.writer(name);
    await writer.write(write);
    loseRow(lab, write.requestId);
    const again = await writer.write(write);
    assertEquals(again.status, "committed");
    await lab.assertLedgerHolds(`${name}/`, [again]);
  }],

  ["write() of other data under a stored id whose row the ledger has lost is no conflict", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    await writer.write({ requestId: `${name}/a`, data: 1 });
    loseRow(lab, `${name}/a`);
    assertEquals((await writer.write({ requestId: `${name}/a`, data: 2 })).status, "committed");
  }],

  ["submitWrites() with the mark that stored a write is answered from memory, any other by the ledger", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    await lab.writer(name).write({ requestId: `${name}/first`, data: 0 });
    const stored = await submitMarked(lab, name, `${name}/a`, 17);
    assertEquals(stored.status, "committed");
    const flushes = lab.flushesOf(name).length;
    const { type, details } = await failureOf(() => submitMarked(lab, name, `${name}/a`, 17));
    assertEquals(type, FAILURE.ALREADY_COMMITTED);
    assertEquals((details?.[0] as SubmitWritesAnswer).runs, [stored]);
    assertEquals(lab.flushesOf(name).length, flushes);
    assertEquals(await submitMarked(lab, name, `${name}/a`, 18), { ...stored, status: "duplicate" } as ReceiptRun);
    assertEquals(lab.flushesOf(name).length, flushes + 1);
  }],

  ["submitWrites() of a writer that knows no marks works, and its repeat is a duplicate", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    await lab.writer(name).write({ requestId: `${name}/first`, data: 0 });
    const stored = await submitMarked(lab, name, `${name}/a`);
    assertEquals(stored.status, "committed");
    const { type, details } = await failureOf(() => submitMarked(lab, name, `${name}/a`));
    assertEquals(type, FAILURE.ALREADY_COMMITTED);
    assertEquals((details?.[0] as SubmitWritesAnswer).runs, [{ ...stored, status: "duplicate" } as ReceiptRun]);
  }],
]);
