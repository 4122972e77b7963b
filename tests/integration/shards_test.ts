/** Writes spread over several batchers by their keys. */
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { shardOf } from "../../src/client/sharding.ts";
import { RequestIdConflictError } from "../../src/protocol/failures.ts";
import { batcherWorkflowId } from "../../src/protocol/names.ts";
import type { Receipt, Write } from "../../src/protocol/write.ts";
import { unavailable } from "../support/faulty_sink.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";

const SHARDS = 4;
const KEYS = Array.from({ length: 9 }, (_, k) => `account-${k}`);
const WRITES_PER_KEY = 40;

/** So many writes of each key, taking turns. */
function keyedWrites(name: string): Write[] {
  return Array.from({ length: WRITES_PER_KEY }, (_, n) =>
    KEYS.map((partitionKey) => ({
      requestId: `${name}/${partitionKey}/${n}`,
      partitionKey,
      data: { n },
    }))).flat();
}

/** Writes of callers of their own, some of them under keys. */
function mixedWrites(prefix: string, count: number): Write[] {
  return Array.from({ length: count }, (_, n) => ({
    requestId: `${prefix}/${n}`,
    data: { n },
    ...(n % 3 === 0 && { partitionKey: `key-${n % 5}` }),
  }));
}

/** The first word of a batch id is the batcher that made it. */
function batcherOf(batchId: string): string {
  return batchId.split("/").slice(0, 3).join("/");
}

/** What a key's rows say, in the order in which they were stored. */
async function storedOrder(lab: Lab, name: string, key: string): Promise<unknown[]> {
  // A table without AUTOINCREMENT takes the largest rowid and one more, and rows are never deleted.
  const rows = await lab.query(
    "SELECT data FROM batched_writes WHERE partition_key = ? AND substr(request_id, 1, ?) = ? ORDER BY rowid",
    key,
    name.length + 1,
    `${name}/`,
  );
  return rows.map(({ data }) => JSON.parse(data as string).n);
}

const SUBMITTED_ORDER = Array.from({ length: WRITES_PER_KEY }, (_, n) => n);

labTests({}, [
  ["write() sends each key to the batcher of its shard", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { shards: SHARDS });
    const writes = mixedWrites(name, 60);
    const receipts = await Promise.all(writes.map((write) => writer.write(write)));
    await lab.assertLedgerHolds(`${name}/`, receipts);
    receipts.forEach((receipt, i) => {
      assertEquals(batcherOf(receipt.batchId), batcherWorkflowId(name, shardOf(writes[i], SHARDS), 0));
    });
    const shards = [...Array(SHARDS).keys()];
    assertEquals(writer.batchers.toSorted(), shards.map((shard) => batcherWorkflowId(name, shard, 0)));
    const admitted = await Promise.all(shards.map(async (shard) => (await lab.stats(name, { shard })).admittedWrites));
    assertEquals(admitted, shards.map((shard) => writes.filter((write) => shardOf(write, SHARDS) === shard).length));
    assertEquals(writer.stats.starts, SHARDS);
  }],

  ["write() stores the writes of each key in the order in which they were submitted", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { shards: SHARDS, maxBatchWrites: 7 });
    const receipts = await Promise.all(keyedWrites(name).map((write) => writer.write(write)));
    await lab.assertLedgerHolds(`${name}/`, receipts);
    for (const key of KEYS) assertEquals([key, await storedOrder(lab, name, key)], [key, SUBMITTED_ORDER]);
    assertGreater(new Set(receipts.map(({ batchId }) => batchId)).size, KEYS.length * WRITES_PER_KEY / 7 - 1);
  }],

  ["write() keeps the order of each key where flushes fail and are tried again", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { shards: 2, maxBatchWrites: 20 });
    lab.sink.failBeforeCommit(3, unavailable, 4);
    const receipts = await Promise.all(keyedWrites(name).map((write) => writer.write(write)));
    await lab.assertLedgerHolds(`${name}/`, receipts);
    for (const key of KEYS) assertEquals([key, await storedOrder(lab, name, key)], [key, SUBMITTED_ORDER]);
    const stats = await Promise.all([0, 1].map((shard) => lab.stats(name, { shard })));
    assertGreater(stats.reduce((sum, { durableFlushes }) => sum + durableFlushes, 0), 0);
  }],

  ["write() of the same rows over 1 and over 4 shards at the same time stores each once", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const [before, after] = [lab.writer(name), lab.writer(name, { shards: SHARDS })];
    const rounds: Receipt[][] = [[], []];
    for (let round = 0; round < 10; round++) {
      const writes = mixedWrites(`${name}/${round}`, 40);
      await Promise.all([before, after].map(async (writer, w) => {
        rounds[w].push(...await Promise.all(writes.map((write) => writer.write(write))));
      }));
    }
    for (const receipts of rounds) await lab.assertLedgerHolds(`${name}/`, receipts);
    // In shard 0 they meet in the batcher, and in the others only in the ledger.
    assertGreater(rounds.flat().filter(({ status }) => status === "duplicate").length, 0);
    const committedBy = new Set(rounds.flat().map(({ batchId }) => batcherOf(batchId)));
    assertGreater(committedBy.size, 1);
    const other = mixedWrites(`${name}/0`, 40).map((write) => ({ ...write, data: "other" }));
    for (const writer of [before, after]) {
      for (const write of other) await assertRejects(() => writer.write(write), RequestIdConflictError);
    }
    for (const receipts of rounds) await lab.assertLedgerHolds(`${name}/`, receipts);
  }],

  ["write() of other data over 1 and over 4 shards at the same time stores one, and the other is told", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writers = [lab.writer(name), lab.writer(name, { shards: SHARDS })];
    // While a batcher is being started a conflict may be an unknown outcome: one that was just terminated looks the same.
    for (const writer of writers) {
      await Promise.all(mixedWrites(`${name}/first`, 20).map((write) => writer.write(write)));
    }
    const prefix = `${name}/other`;
    const writes = mixedWrites(prefix, 60);
    const settled = await Promise.all(
      writers.map((writer, data) => Promise.allSettled(writes.map((write) => writer.write({ ...write, data })))),
    );
    const rows = new Map((await lab.ledgerRows(prefix)).map((row) => [row.requestId, row]));
    assertEquals(rows.size, writes.length);
    writes.forEach(({ requestId }, i) => {
      const winner = settled.findIndex((answers) => answers[i].status === "fulfilled");
      const [won, lost] = [settled[winner][i], settled[1 - winner][i]];
      assert(won.status === "fulfilled" && lost.status === "rejected", requestId);
      assert(lost.reason instanceof RequestIdConflictError, `${lost.reason}`);
      const { data, batchId } = rows.get(requestId)!;
      assertEquals([data, batchId], [winner, won.value.batchId]);
    });
  }],
]);
