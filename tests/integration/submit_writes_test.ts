/** Many callers, one batcher: who shares a flush, and what a repeated request id gets. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertLess,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { shardOf } from "../../src/client/sharding.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { resolveBatchingOptions } from "../../src/protocol/options.ts";
import type { Write } from "../../src/protocol/write.ts";
import { eventually } from "../support/eventually.ts";
import { labTests } from "../support/lab_tests.ts";

const CALLERS = 50;

/** One write for each of so many callers, under ids with this prefix. */
function writes(prefix: string, count: number): Write[] {
  return Array.from({ length: count }, (_, i) => ({ requestId: `${prefix}/${i}`, data: { n: i } }));
}

labTests({}, [
  ["write() of many callers shares flushes and gives each its own receipt", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const sent = writes(name, CALLERS);
    const receipts = await Promise.all(sent.map((write) => writer.write(write)));
    assertEquals(receipts.map(({ requestId }) => requestId), sent.map(({ requestId }) => requestId));
    assert(receipts.every(({ status }) => status === "committed"));
    await lab.assertLedgerHolds(`${name}/`, receipts);
    assertEquals(new Set((await lab.ledgerRows(`${name}/`)).map(({ data }) => JSON.stringify(data))).size, CALLERS);
    assertLess(lab.flushesOf(name).length, CALLERS / 5);
    assertLess(writer.stats.updates, CALLERS / 5);
  }],

  ["write() of callers of several writers shares the batcher", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writers = Array.from({ length: 5 }, () => lab.writer(name));
    const receipts = await Promise.all(
      writes(name, CALLERS).map((write, i) => writers[i % writers.length].write(write)),
    );
    await lab.assertLedgerHolds(`${name}/`, receipts);
    assertEquals(new Set(receipts.map(({ requestId }) => requestId)).size, CALLERS);
    assertLess(lab.flushesOf(name).length, CALLERS / 5);
  }],

  ["write() starts the batcher when an Update finds none", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const error = await assertRejects(() => lab.batcher(name).describe(), Error);
    assertEquals(error.name, "WorkflowNotFoundError");
    const writer = lab.writer(name, { maxBatchWrites: 7 });
    assertEquals((await writer.write({ requestId: `${name}/a`, data: null })).status, "committed");
    assertEquals((await writer.write({ requestId: `${name}/b`, data: null })).status, "committed");
    assertEquals([writer.stats.starts, (await lab.stats(name)).limits.maxBatchWrites], [1, 7]);
  }],

  ["write() of one id by two callers of a writer is one write", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const write = { requestId: `${name}/a`, data: 1 };
    const [one, other] = await Promise.all([writer.write(write), writer.write(write)]);
    assertStrictEquals(one, other);
    await lab.assertLedgerHolds(`${name}/`, [one]);
  }],

  ["write() of an id that is being flushed attaches to that flush", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const [first, second] = [lab.writer(name), lab.writer(name)];
    // Only a durable flush lets new Updates in; it goes on failing until the second caller is there.
    lab.sink.failBeforeCommit(Infinity);
    const attached = { requestId: `${name}/a`, data: 1 };
    const one = first.write(attached);
    await eventually("the first write is admitted", async () => await lab.acceptedUpdates(name) === 1);
    const other = second.write({ ...attached });
    const third = second.write({ requestId: `${name}/b`, data: 2 });
    await eventually("the second caller is admitted", async () => await lab.acceptedUpdates(name) === 2);
    const { pendingWrites, admittedWrites } = await lab.stats(name);
    assertEquals([pendingWrites, admittedWrites], [2, 2]);
    lab.sink.heal();
    assertEquals((await one).status, "committed");
    assertEquals(await one, await other);
    await lab.assertLedgerHolds(`${name}/`, [await one, await third]);
  }],

  ["write() of a stored id gets the first receipt as a duplicate, from the ledger", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const first = await lab.writer(name).write({ requestId: `${name}/a`, data: { x: 1, y: 2 } });
    const again = await lab.writer(name).write({ requestId: `${name}/a`, data: { y: 2, x: 1 } });
    assertEquals(again, { ...first, status: "duplicate" });
    assertEquals(lab.flushesOf(name).length, 2);
    await lab.assertLedgerHolds(`${name}/`, [again]);
  }],

  ["write() of a stored id beside a new one goes to the ledger with it", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const first = await writer.write({ requestId: `${name}/a`, data: 1 });
    const [again, fresh] = await Promise.all(
      [{ requestId: `${name}/a`, data: 1 }, { requestId: `${name}/b`, data: 2 }].map((write) => writer.write(write)),
    );
    assertEquals([again, fresh.status], [{ ...first, status: "duplicate" }, "committed"]);
    assertEquals(lab.flushesOf(name).map(({ writes }) => writes), [1, 2]);
  }],

  ["write() of an id that the batcher does not remember gets the receipt from the ledger", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const first = await lab.writer(name).write({ requestId: `${name}/a`, data: 1 });
    const other = lab.name();
    await lab.batcherWorker(other);
    const again = await lab.writer(other).write({ requestId: `${name}/a`, data: 1 });
    assertEquals(again, { ...first, status: "duplicate" });
    await lab.assertLedgerHolds(`${name}/`, [again]);
  }],

  ["getStats() counts writes, flushes and what is remembered", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    for (const write of writes(name, 3)) await writer.write(write);
    const { historyLength, ...stats } = await lab.stats(name);
    assertEquals(stats, {
      pendingWrites: 0,
      pendingBytes: 0,
      admittedUpdates: 3,
      admittedWrites: 3,
      flushes: 3,
      fastFlushes: 3,
      durableFlushes: 0,
      failedFlushes: 0,
      rememberedWrites: 3,
      writers: 1,
      generation: 0,
      continueAsNewSuggested: false,
      limits: resolveBatchingOptions(),
      ledger: await lab.sink.identify(),
      ledgerSplit: false,
    });
    // As of the last workflow task's start: what that task has added is not in it.
    assertLess(historyLength, (await lab.batcher(name).describe()).historyLength + 1);
    assertGreater(historyLength, 0);
  }],

  ["isRequestProcessed() knows what is stored and nothing else", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    await lab.writer(name).write({ requestId: `${name}/a`, data: 1 });
    assert(await lab.batcher(name).query("isRequestProcessed", `${name}/a`));
    assertFalse(await lab.batcher(name).query("isRequestProcessed", `${name}/b`));
  }],

  ["submitWrites of the longest name and the last shard are taken by the server", async (lab) => {
    const name = "é".repeat(LIMITS.batcherNameBytesMax / 2);
    const shards = LIMITS.shardsMax;
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { shards });
    const requestId = Array.from({ length: 100_000 }, (_, n) => `${n}`)
      .find((requestId) => shardOf({ requestId }, shards) === shards - 1)!;
    assertEquals((await writer.write({ requestId, data: 1 })).status, "committed");
    assertEquals(writer.batchers, [`${name}/${shards - 1}/0`]);
  }],
]);
