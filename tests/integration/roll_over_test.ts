/** A server that suggests continue-as-new early: a batcher that rolls over under its callers. */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { FAILURE } from "../../src/protocol/failures.ts";
import type { BatcherInput, BatcherSnapshot } from "../../src/protocol/messages.ts";
import { BATCHER_WORKFLOW, batcherWorkflowId } from "../../src/protocol/names.ts";
import { resolveBatchingOptions } from "../../src/protocol/options.ts";
import type { Receipt } from "../../src/protocol/write.ts";
import { eventually } from "../support/eventually.ts";
import { failureOf } from "../support/failure_of.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { Load } from "../support/load.ts";
import { submissionOf, submitRaw } from "../support/raw_submission.ts";

/** Events in a history at which the server suggests continue-as-new: four Updates, or so. */
const SUGGESTED_AT_EVENTS = 25;

const WRITERS = 3;
const CALLERS_PER_WRITER = 10;
const WRITES_PER_CALLER = 15;

/** Writes through a batcher until it is in this generation or a later one. */
async function writeUntilGeneration(lab: Lab, name: string, generation: number): Promise<void> {
  const writer = lab.writer(name);
  let n = 0;
  await eventually(`generation ${generation}`, async () => {
    await writer.write({ requestId: `${name}/more/${generation}/${n++}`, data: n });
    return (await lab.stats(name)).generation >= generation;
  });
}

/** Starts a batcher as if it went on from a run before. */
async function startBatcher(lab: Lab, name: string, snapshot: BatcherSnapshot) {
  const input: BatcherInput = { options: resolveBatchingOptions(), snapshot };
  return await lab.client.workflow.start(BATCHER_WORKFLOW, {
    workflowId: batcherWorkflowId(name, 0, 0),
    taskQueue: name,
    args: [input],
  });
}

labTests({ dynamicConfig: { "limit.historyCount.suggestContinueAsNew": `${SUGGESTED_AT_EVENTS}` } }, [
  ["batcher() continues as new under load, and no write is lost or fails", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writers = Array.from({ length: WRITERS }, () => lab.writer(name));
    const receipts: Receipt[] = [];
    await Promise.all(writers.flatMap((writer, w) =>
      Array.from({ length: CALLERS_PER_WRITER }, async (_, c) => {
        for (let n = 0; n < WRITES_PER_CALLER; n++) {
          receipts.push(await writer.write({ requestId: `${name}/${w}/${c}/${n}`, data: { w, c, n } }));
        }
      })
    ));
    assertEquals(receipts.length, WRITERS * CALLERS_PER_WRITER * WRITES_PER_CALLER);
    await lab.assertLedgerHolds(`${name}/`, receipts);
    const { generation, failedFlushes } = await lab.stats(name);
    assertGreater(generation, 2);
    assertEquals(failedFlushes, 0);
    assertLess((await lab.batcher(name).describe()).historyLength, 8 * SUGGESTED_AT_EVENTS);
  }],

  ["batcher() remembers across runs which writes are stored", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const write = { requestId: `${name}/a`, data: "first" };
    await lab.writer(name).write({ requestId: `${name}/start`, data: 0 });
    const [header, body] = submissionOf([write]);
    const submit = () => submitRaw(lab, name, [{ ...header, mark: 17 }, body]);
    const { runs } = await submit();
    await writeUntilGeneration(lab, name, 2);
    assert(await lab.batcher(name).query("isRequestProcessed", write.requestId));
    const flushes = lab.flushesOf(name).length;
    // As a delivery does whose answer was lost.
    const { type, details } = await failureOf(submit);
    assertEquals([type, details], [FAILURE.ALREADY_COMMITTED, [{ runs }]]);
    assertEquals(lab.flushesOf(name).length, flushes);
    assertEquals((await lab.ledgerRows(write.requestId)).length, 1);
  }],

  ["batcher() remembers across runs which writers have a place", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writers = [lab.writer(name, { writersMax: 2 }), lab.writer(name, { writersMax: 2 })];
    let n = 0;
    // What a run knows of writers before an Update has reached it, it was told.
    const places = await eventually("a run without an Update", async () => {
      for (const writer of writers) {
        await writer.write({ requestId: `${name}/${n}`, data: n++ });
        const stats = await lab.stats(name);
        if (stats.generation > 0 && stats.admittedUpdates === 0) return stats.writers;
      }
    });
    assertEquals(places, 2);
    const third = lab.writer(name, { writersMax: 2 });
    assertEquals((await third.write({ requestId: `${name}/third`, data: 3 })).status, "committed");
    assertEquals(third.batchers, [batcherWorkflowId(name, 0, 1)]);
    for (const writer of writers) await writer.write({ requestId: `${name}/${n}`, data: n++ });
    for (const writer of writers) assertEquals(writer.batchers, [batcherWorkflowId(name, 0, 0)]);
  }],

  ["batcher() that gathers rolls over under load, and no write is lost or fails", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    // A batch is full when every caller is in it, so that a batcher gathers for a part of the time.
    const maxBatchWrites = WRITERS * CALLERS_PER_WRITER;
    const writers = Array.from({ length: WRITERS }, () => lab.writer(name, { gatherMs: 1_000, maxBatchWrites }));
    const load = new Load(writers, CALLERS_PER_WRITER, `${name}/`);
    await load.untilMore(WRITERS * CALLERS_PER_WRITER * WRITES_PER_CALLER);
    await lab.stats(name).then(({ generation }) => assertGreater(generation, 0));
    await load.end();
    await lab.assertLedgerHolds(`${name}/`, load.receipts);
  }],

  ["batcher() rolls over while a durable flush and its callers wait", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    await writeUntilGeneration(lab, name, 1);
    lab.sink.failBeforeCommit(Infinity);
    // One place is taken by the writer that has brought it so far.
    const writers = Array.from({ length: lab.writer(name).options.writersMax - 1 }, () => lab.writer(name));
    // Each Update that is admitted while the flush is retried adds to the history, beyond where a roll over is suggested.
    const waiting = writers.map((writer, n) => writer.write({ requestId: `${name}/waiting/${n}`, data: n }));
    await eventually("every caller waits", async () => (await lab.stats(name)).pendingWrites === writers.length);
    const before = await lab.stats(name);
    lab.sink.heal();
    const receipts = await Promise.all(waiting);
    assert(receipts.every(({ status }) => status === "committed"));
    await lab.assertLedgerHolds(`${name}/waiting/`, receipts);
    await writeUntilGeneration(lab, name, before.generation + 1);
  }],

  ["batcher() fails on a snapshot of another version, and a new one takes its place", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const settled = { ids: [], digests: "", batches: [] };
    const handle = await startBatcher(lab, name, { version: 99, generation: 7, settled });
    const { type, message, nonRetryable } = await failureOf(() => handle.result());
    assertEquals([type, nonRetryable], [FAILURE.UNKNOWN_SNAPSHOT_VERSION, true], message);
    const writer = lab.writer(name);
    assertEquals((await writer.write({ requestId: `${name}/a`, data: 1 })).status, "committed");
    assertEquals([writer.stats.starts, (await lab.stats(name)).generation], [1, 0]);
  }],

  ["batcher() goes on from a snapshot that it is given", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const settled = { ids: [`${name}/a`], digests: "a".repeat(16), batches: [["batch", "then", 1]] } as const;
    await startBatcher(lab, name, { version: 1, generation: 7, settled });
    const { generation, rememberedWrites } = await lab.stats(name);
    assertEquals([generation, rememberedWrites], [7, 1]);
    assert(await lab.batcher(name).query("isRequestProcessed", `${name}/a`));
  }],
]);
