/** The ready-made caller. */
import { assert, assertEquals, assertGreaterOrEqual, assertStringIncludes } from "@std/assert";
import { FAILURE } from "../../src/protocol/failures.ts";
import type { SubmitWriteInput } from "../../src/protocol/activities.ts";
import type { TransactionInput } from "../../workflows/transaction.ts";
import { eventually } from "../support/eventually.ts";
import { failureOf } from "../support/failure_of.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";

/** Starts both workers for a name of its own; the callers' queue is called after it. */
async function startSystem(lab: Lab): Promise<{ name: string; queue: string }> {
  const name = lab.name();
  const queue = `${name}-callers`;
  await lab.batcherWorker(name);
  await lab.mainWorker(queue, lab.writer(name));
  return { name, queue };
}

/** Runs a transaction that fails, and returns its failure and its last status. */
async function failed(lab: Lab, queue: string, input: TransactionInput) {
  const handle = await lab.startTransaction(queue, input);
  const failure = await failureOf(() => handle.result());
  assert(failure.nonRetryable, failure.message);
  assertEquals(await handle.query("getStatus"), "failed");
  return failure;
}

function refuse(_tx: unknown, writes: readonly { data: unknown }[]): void {
  if (writes.some(({ data }) => data === "bad")) throw new RangeError("the row is bad");
}

labTests({ apply: refuse }, [
  ["transaction() stores its row and returns the receipt", async (lab) => {
    const { name, queue } = await startSystem(lab);
    const handle = await lab.startTransaction(queue, { write: { requestId: `${name}/a`, data: 1 }, workMs: [1, 5] });
    const { receipt, waitMs } = await handle.result();
    assertEquals(receipt.status, "committed");
    assertGreaterOrEqual(waitMs, 0);
    assertEquals(await handle.query("getStatus"), "done");
    await lab.assertLedgerHolds(`${name}/`, [receipt]);
  }],

  ["transaction() of many callers at once shares flushes", async (lab) => {
    const { name, queue } = await startSystem(lab);
    const ids = Array.from({ length: 20 }, (_, n) => `${name}/${n}`);
    const handles = await Promise.all(
      ids.map((requestId) => lab.startTransaction(queue, { write: { requestId, data: requestId } })),
    );
    const results = await Promise.all(handles.map((handle) => handle.result()));
    assertEquals(results.map(({ receipt }) => receipt.requestId), ids);
    await lab.assertLedgerHolds(`${name}/`, results.map(({ receipt }) => receipt));
  }],

  ["transaction() says where it stands while it waits in a window", async (lab) => {
    const name = lab.name();
    const queue = `${name}-callers`;
    // So long a window is not for the fast attempt, which would keep the workflow from answering.
    const writer = lab.writer(name, { windowMs: 60_000 });
    await lab.batcherWorker(name);
    await lab.mainWorker(queue, writer);
    const handle = await lab.startTransaction(queue, { write: { requestId: `${name}/a`, data: 1 } });
    await eventually("it submits", async () => await handle.query("getStatus") === "submitting");
    await eventually("the writer has the write", async () => await Promise.resolve(writer.stats.waitingWrites === 1));
    assertEquals(writer.stats.updates, 0);
    await writer.flush();
    assertEquals((await handle.result()).receipt.status, "committed");
    assertEquals(await handle.query("getStatus"), "done");
  }],

  ["transaction() that is cancelled while it submits ends as cancelled", async (lab) => {
    const name = lab.name();
    const queue = `${name}-callers`;
    const writer = lab.writer(name, { windowMs: 60_000 });
    await lab.mainWorker(queue, writer);
    const handle = await lab.startTransaction(queue, { write: { requestId: `${name}/a`, data: 1 } });
    await eventually("the writer has the write", async () => await Promise.resolve(writer.stats.waitingWrites === 1));
    await handle.cancel();
    await eventually("it is cancelled", async () => (await handle.describe()).status.name === "CANCELLED");
  }],

  ["transaction() with an id in use for other data fails as RequestIdConflict", async (lab) => {
    const { name, queue } = await startSystem(lab);
    const requestId = `${name}/a`;
    const first = await (await lab.startTransaction(queue, { write: { requestId, data: 1 } })).result();
    const { type, details } = await failed(lab, queue, { write: { requestId, data: 2 } });
    assertEquals([type, details], [FAILURE.REQUEST_ID_CONFLICT, [{ outcome: "not written" }]]);
    await lab.assertLedgerHolds(`${name}/`, [first.receipt]);
  }],

  ["transaction() does not hand in again what was refused for certain", async (lab) => {
    const { name, queue } = await startSystem(lab);
    const requestId = `${name}/a`;
    await (await lab.startTransaction(queue, { write: { requestId, data: 1 } })).result();
    const handle = await lab.startTransaction(queue, { write: { requestId, data: 2 } });
    await failureOf(() => handle.result());
    const { events } = await handle.fetchHistory();
    assertEquals(events?.filter((event) => event.activityTaskScheduledEventAttributes), []);
    assertEquals(events?.length, 6);
  }],

  ["transaction() with a write or a timeout that is none fails at once", async (lab) => {
    const { queue } = await startSystem(lab);
    const mistakes: [unknown, unknown, string][] = [
      [null, undefined, "the write must be an object"],
      [undefined, undefined, "the write must be an object"],
      [{ data: 1 }, 0, "'confirmationTimeoutMs' must be a whole number from 1 to 86400000: current value is 0"],
      [{ data: 1 }, -1, "current value is -1"],
      [{ data: 1 }, 1.5, "current value is 1.5"],
      [{ data: 1 }, "soon", "current value is soon"],
    ];
    for (const [write, confirmationTimeoutMs, expected] of mistakes) {
      const { type, message } = await failed(lab, queue, { write, confirmationTimeoutMs } as TransactionInput);
      assertEquals(type, FAILURE.INVALID_WRITE);
      assertStringIncludes(message, `Cannot write as ${expected.startsWith("current") ? "" : expected}`);
      assertStringIncludes(message, expected);
    }
  }],

  ["transaction() is told 'unknown' when another writer refuses what the first one has sent", async (lab) => {
    const { createSubmitWrite } = await import("../../activities/submit_write.ts");
    const { activityInfo } = await import("@temporalio/activity");
    const { Worker } = await import("@temporalio/worker");
    const name = lab.name();
    const queue = `${name}-callers`;
    await lab.batcherWorker(name);
    // As in two processes: the fast attempt runs in the one, the durable one in the other, whose connection is refused.
    const first = createSubmitWrite(lab.writer(name));
    const other = lab.writer(name);
    await other[Symbol.asyncDispose]();
    const second = createSubmitWrite(other);
    const worker = await Worker.create({
      connection: lab.native,
      workflowBundle: lab.workflowBundle,
      taskQueue: queue,
      activities: { submitWrite: (input: SubmitWriteInput) => (activityInfo().isLocal ? first : second)(input) },
    });
    await worker.runUntil(async () => {
      const release = lab.sink.hang();
      const write = { requestId: `${name}/a`, data: 1 };
      const { type } = await failed(lab, queue, { write });
      release();
      assertEquals(type, FAILURE.WRITE_OUTCOME_UNKNOWN);
    });
    await eventually("the row is there", async () => (await lab.ledgerRows(`${name}/`)).length === 1);
  }],

  ["transaction() with an id that is none fails as InvalidWrite", async (lab) => {
    const { queue } = await startSystem(lab);
    const { type, details } = await failed(lab, queue, { write: { requestId: "a\nb", data: 2 } });
    assertEquals([type, details], [FAILURE.INVALID_WRITE, [{ outcome: "not written" }]]);
  }],

  ["transaction() whose row is refused fails as WRITE_REJECTED with the receipt", async (lab) => {
    const { name, queue } = await startSystem(lab);
    const { type, details } = await failed(lab, queue, { write: { requestId: `${name}/a`, data: "bad" } });
    assertEquals(type, FAILURE.WRITE_REJECTED);
    const [{ batchId }] = lab.flushesOf(name);
    const errorMessage = "the row is bad";
    assertEquals(details, [
      { requestId: `${name}/a`, status: "rejected", batchId, errorType: "RangeError", errorMessage },
    ]);
    assertEquals(await lab.ledgerRows(`${name}/`), []);
    assertEquals(await lab.query("SELECT batch_id FROM rejected_writes WHERE request_id = ?", `${name}/a`), [
      { batch_id: batchId },
    ]);
  }],

  ["transaction() without a batcher's worker fails as WRITE_CONFIRMATION_TIMEOUT", async (lab) => {
    const name = lab.name();
    const queue = `${name}-callers`;
    await lab.mainWorker(queue, lab.writer(name));
    const write = { requestId: `${name}/a`, data: 1 };
    const { type } = await failed(lab, queue, { write, confirmationTimeoutMs: 300 });
    assertEquals(type, FAILURE.WRITE_CONFIRMATION_TIMEOUT);
    // It may be stored, the failure says: here it is, as soon as there is a worker. The same id again is safe.
    await lab.batcherWorker(name);
    const { receipt } = await (await lab.startTransaction(queue, { write })).result();
    await lab.assertLedgerHolds(`${name}/`, [receipt]);
  }],

  ["transaction() whose flush goes on failing fails as unknown", async (lab) => {
    const name = lab.name();
    const queue = `${name}-callers`;
    await lab.batcherWorker(name);
    await lab.mainWorker(queue, lab.writer(name, { durableFlushMs: 1_000 }));
    lab.sink.failAfterCommit(Infinity);
    const write = { requestId: `${name}/a`, data: 1 };
    const { type } = await failed(lab, queue, { write, confirmationTimeoutMs: 3_000 });
    lab.sink.heal();
    assert(type === FAILURE.WRITE_OUTCOME_UNKNOWN || type === FAILURE.WRITE_CONFIRMATION_TIMEOUT, type);
    const { receipt } = await (await lab.startTransaction(queue, { write })).result();
    assertEquals(receipt.status, "duplicate");
    await lab.assertLedgerHolds(`${name}/`, [receipt]);
  }],
]);
