/** A database that fails in every way: what the callers are told, and whether it is true. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  DatabaseWriteFailedError,
  WriteConfirmationTimeoutError,
  WriteOutcomeUnknownError,
} from "../../src/protocol/failures.ts";
import type { Receipt } from "../../src/protocol/write.ts";
import { SinkError } from "../../src/sinks/sink.ts";
import { eventually } from "../support/eventually.ts";
import { setupError } from "../support/faulty_sink.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";

/** The shortest time that a durable flush may be retried. */
const DURABLE_FLUSH_MS = 1_000;

function refuse(_tx: unknown, writes: readonly { data: unknown }[]): void {
  if (writes.some(({ data }) => data === "bad")) throw new RangeError("the row is bad");
}

async function flushCounts(lab: Lab, name: string) {
  const { fastFlushes, durableFlushes, failedFlushes } = await lab.stats(name);
  return { fastFlushes, durableFlushes, failedFlushes };
}

labTests({ apply: refuse }, [
  ["write() whose fast flush fails gets its receipt from the durable one", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    lab.sink.failBeforeCommit(1);
    const receipts = await Promise.all(["a", "b"].map((id) => writer.write({ requestId: `${name}/${id}`, data: id })));
    assertEquals(await flushCounts(lab, name), { fastFlushes: 0, durableFlushes: 1, failedFlushes: 0 });
    // The database is back, so the next flush is a fast one again.
    receipts.push(await writer.write({ requestId: `${name}/c`, data: "c" }));
    assertEquals(await flushCounts(lab, name), { fastFlushes: 1, durableFlushes: 1, failedFlushes: 0 });
    assert(receipts.every(({ status }) => status === "committed"));
    await lab.assertLedgerHolds(`${name}/`, receipts);
  }],

  ["write() whose commit's answer is lost is told committed, and has one row", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    lab.sink.failAfterCommit(3);
    const receipt = await lab.writer(name).write({ requestId: `${name}/a`, data: 1 });
    assertEquals(receipt.status, "committed");
    assertEquals(lab.flushesOf(name).map(({ error }) => error !== undefined), [true, true, true, false]);
    await lab.assertLedgerHolds(`${name}/`, [receipt]);
  }],

  ["write() is told unknown when every attempt has failed, and the same id again is stored", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { durableFlushMs: DURABLE_FLUSH_MS });
    const write = { requestId: `${name}/a`, data: 1 };
    lab.sink.failBeforeCommit(Infinity);
    const error = await assertRejects(() => writer.write(write), WriteOutcomeUnknownError, write.requestId);
    assertEquals(error.outcome, "unknown");
    assertEquals(await flushCounts(lab, name), { fastFlushes: 0, durableFlushes: 0, failedFlushes: 1 });
    assertEquals(await lab.ledgerRows(`${name}/`), []);
    lab.sink.heal();
    const receipt = await writer.write(write);
    assertEquals(receipt.status, "committed");
    await lab.assertLedgerHolds(`${name}/`, [receipt]);
  }],

  ["write() is told unknown when every answer was lost, and the same id again is a duplicate", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { durableFlushMs: DURABLE_FLUSH_MS });
    const write = { requestId: `${name}/a`, data: 1 };
    lab.sink.failAfterCommit(Infinity);
    await assertRejects(() => writer.write(write), WriteOutcomeUnknownError);
    assertEquals((await lab.ledgerRows(`${name}/`)).length, 1);
    lab.sink.heal();
    const receipt = await writer.write(write);
    assertEquals(receipt.status, "duplicate");
    await lab.assertLedgerHolds(`${name}/`, [receipt]);
  }],

  ["write() is told at once that a database that needs repair stored nothing", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const write = { requestId: `${name}/a`, data: 1 };
    lab.sink.failBeforeCommit(Infinity, setupError);
    const error = await assertRejects(() => writer.write(write), DatabaseWriteFailedError, "a table is missing");
    assertEquals([error.outcome, lab.flushesOf(name).length], ["not written", 1]);
    assertEquals(await flushCounts(lab, name), { fastFlushes: 0, durableFlushes: 0, failedFlushes: 1 });
    assertEquals(await lab.ledgerRows(`${name}/`), []);
    lab.sink.heal();
    const receipt = await writer.write(write);
    assertEquals(receipt.status, "committed");
    await lab.assertLedgerHolds(`${name}/`, [receipt]);
  }],

  ["write() is told unknown when a database that needs repair may have stored it", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { durableFlushMs: DURABLE_FLUSH_MS });
    const write = { requestId: `${name}/a`, data: 1 };
    lab.sink.failAfterCommit(Infinity, () => new SinkError("setup", "unknown", "the disk is gone"));
    await assertRejects(() => writer.write(write), WriteOutcomeUnknownError, "the disk is gone");
    lab.sink.heal();
    await lab.assertLedgerHolds(`${name}/`, [await writer.write(write)]);
  }],

  [
    "write() is told unknown when a commit's answer was lost and the retry finds a database that needs repair",
    async (lab) => {
      const name = lab.name();
      await lab.batcherWorker(name);
      const writer = lab.writer(name, { durableFlushMs: DURABLE_FLUSH_MS });
      const write = { requestId: `${name}/a`, data: 1 };
      lab.sink.failAfterCommit(1);
      lab.sink.failBeforeCommit(Infinity, setupError, 1);
      await assertRejects(() => writer.write(write), WriteOutcomeUnknownError, "a table is missing");
      assertEquals((await lab.ledgerRows(`${name}/`)).length, 1);
      lab.sink.heal();
      await lab.assertLedgerHolds(`${name}/`, [await writer.write(write)]);
    },
  ],

  ["write() never gets a receipt from a sink that returns too few outcomes", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { durableFlushMs: DURABLE_FLUSH_MS });
    const writes = ["a", "b", "c"].map((id) => ({ requestId: `${name}/${id}`, data: id }));
    lab.sink.loseOutcomes();
    for (const settled of await Promise.allSettled(writes.map((write) => writer.write(write)))) {
      assert(settled.status === "rejected" && settled.reason instanceof WriteOutcomeUnknownError);
      assertStringIncludes(settled.reason.message, "one outcome for each of 3 writes: it returned 2");
    }
    lab.sink.heal();
    const receipts = await Promise.all(writes.map((write) => writer.write(write)));
    assertEquals(receipts.map(({ status }) => status), ["duplicate", "duplicate", "duplicate"]);
    await lab.assertLedgerHolds(`${name}/`, receipts);
  }],

  ["write() of a row that the database refuses is rejected alone", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const receipts = await Promise.all(
      ["a", "b", "bad", "c", "d"].map((id) => writer.write({ requestId: `${name}/${id}`, data: id })),
    );
    const refused = receipts.splice(2, 1)[0];
    assert(refused.status === "rejected");
    assertEquals([refused.errorType, refused.errorMessage], ["RangeError", "the row is bad"]);
    assert(receipts.every(({ status, batchId }) => status === "committed" && batchId === refused.batchId));
    await lab.assertLedgerHolds(`${name}/`, receipts);
    const dead = await lab.query("SELECT request_id, data FROM rejected_writes WHERE batch_id = ?", refused.batchId);
    assertEquals(dead, [{ request_id: `${name}/bad`, data: '"bad"' }]);
  }],

  ["write() goes on being admitted while a flush hangs, and the late answer harms nobody", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const [first, second] = [lab.writer(name, { fastFlushMs: 100 }), lab.writer(name)];
    const release = lab.sink.hang();
    const one = first.write({ requestId: `${name}/a`, data: 1 });
    await eventually("the durable flush has begun", async () => await Promise.resolve(lab.sink.inFlight === 2));
    const other = second.write({ requestId: `${name}/b`, data: 2 });
    await eventually("the second write is admitted", async () => (await lab.stats(name)).pendingWrites === 2);
    release();
    const receipts: Receipt[] = await Promise.all([one, other]);
    assertEquals(receipts.map(({ status }) => status), ["committed", "committed"]);
    await lab.assertLedgerHolds(`${name}/`, receipts);
  }],

  ["write() whose caller stops waiting is told unknown, and is stored once all the same", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const write = { requestId: `${name}/a`, data: 1 };
    lab.sink.failBeforeCommit(Infinity);
    const error = await assertRejects(() => writer.write(write, { timeoutMs: 300 }), WriteConfirmationTimeoutError);
    assertEquals(error.outcome, "unknown");
    lab.sink.heal();
    await lab.assertLedgerHolds(`${name}/`, [await writer.write(write)]);
  }],
]);
