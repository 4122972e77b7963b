/**
 * The part of the sink contract about outcomes: exactly once, duplicates, conflicts.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Outcome, SinkWrite } from "../../src/sinks/sink.ts";
import { type ContractTest, makeBatch, makeIds, makeWrite } from "./sink_store.ts";

const ISO_UTC_MS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function statuses(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ status }) => status);
}

/** Tests of outcomes. */
export const OUTCOME_CONTRACT: readonly ContractTest[] = [
  {
    name: "write() commits each write with its batch and time, and stores every field as it is",
    async run(store) {
      const sink = await store.open();
      const writes = [makeWrite("a", { partitionKey: "k" }), makeWrite("b")];
      const outcomes = await sink.write({ batchId: "batch 1", writes });
      const [{ committedAt }] = await store.ledger();
      assert(ISO_UTC_MS.test(committedAt), committedAt);
      const committed: Outcome = { status: "committed", batchId: "batch 1", committedAt };
      assertEquals(outcomes, [committed, committed]);
      const stored = { batchId: "batch 1", committedAt, result: null };
      assertEquals(await store.ledger(), writes.map((write) => ({ ...write, ...stored })));
      await sink.close();
    },
  },
  {
    name: "write() answers a batch of 0, 1 and 5,000 writes with as many outcomes",
    async run(store) {
      const sink = await store.open();
      for (const count of [0, 1, 5_000]) {
        const outcomes = await sink.write(makeBatch(`batch of ${count}`, makeIds(`of ${count}`, count)));
        assertEquals(outcomes.length, count);
        assert(outcomes.every(({ status }) => status === "committed"));
      }
      assertEquals((await store.ledger()).length, 5_001);
      await sink.close();
    },
  },
  {
    name: "write() returns mixed outcomes in the order of the writes",
    async run(store) {
      const sink = await store.open((write) => {
        if (write.requestId.startsWith("bad")) throw new Error("refused");
      });
      await sink.write(makeBatch("first", ["old 1", "old 2"]));
      const { writes } = makeBatch("", ["new 1", "old 2", "bad 1", "new 2", "old 1", "bad 2"]);
      const outcomes = await sink.write({ batchId: "second", writes: [...writes, makeWrite("old 1", { data: "0" })] });
      assertEquals(
        statuses(outcomes),
        ["committed", "duplicate", "rejected", "committed", "duplicate", "rejected", "conflict"],
      );
      await sink.close();
    },
  },
  {
    name: "write() answers a known request id with the first batch, time and nothing written",
    async run(store) {
      const sink = await store.open();
      const [first] = await sink.write(makeBatch("first", ["a"]));
      const before = await store.ledger();
      const [again, fresh] = await sink.write(makeBatch("second", ["a", "b"]));
      assertEquals(again, { ...first, status: "duplicate" } as Outcome);
      assertEquals(fresh.status, "committed");
      assertEquals((await store.ledger()).filter(({ requestId }) => requestId === "a"), before);
      await sink.close();
    },
  },
  {
    name: "write() answers a known request id with the mark that its row was stored with",
    async run(store) {
      const sink = await store.open();
      const marks = [0, 1, Number.MAX_SAFE_INTEGER];
      const marked = marks.map((mark) => makeWrite(`marked ${mark}`, { mark }));
      const writes = [...marked, makeWrite("unmarked")];
      assertEquals(statuses(await sink.write({ batchId: "first", writes })), writes.map(() => "committed"));
      const again = await sink.write({ batchId: "second", writes: writes.map((write) => ({ ...write, mark: 2 })) });
      assertEquals(statuses(again), writes.map(() => "duplicate"));
      assertEquals(again.map((outcome) => "mark" in outcome ? outcome.mark : undefined), [...marks, undefined]);
      await sink.close();
    },
  },
  {
    name: "write() answers a repeated request id of one batch as duplicate of the first",
    async run(store) {
      const sink = await store.open();
      const [first, , again] = await sink.write(makeBatch("batch", ["a", "b", "a"]));
      assertEquals(first.status, "committed");
      assertEquals(again, { ...first, status: "duplicate" } as Outcome);
      assertEquals((await store.ledger()).map(({ requestId }) => requestId), ["a", "b"]);
      await sink.close();
    },
  },
  {
    name: "write() answers another digest as conflict, inside a batch and across batches",
    async run(store) {
      const sink = await store.open();
      const [mine, other, third] = ["1", "2", "3"].map((data) => makeWrite("a", { data }));
      assertEquals(statuses(await sink.write({ batchId: "1", writes: [mine, other, mine] })), [
        "committed",
        "conflict",
        "duplicate",
      ]);
      assertEquals(statuses(await sink.write({ batchId: "2", writes: [other, third, mine] })), [
        "conflict",
        "conflict",
        "duplicate",
      ]);
      assertEquals((await store.ledger()).map(({ data, batchId }) => [data, batchId]), [["1", "1"]]);
      await sink.close();
    },
  },
  {
    name: "write() compares data and partition key where digests are of different lengths, as of different versions",
    async run(store) {
      const sink = await store.open();
      const [short, long] = ["d".repeat(16), "D".repeat(22)];
      const first = makeWrite("a", { digest: short, partitionKey: "k" });
      assertEquals(statuses(await sink.write({ batchId: "first", writes: [first] })), ["committed"]);
      const again = (fields: Partial<SinkWrite>) => ({ ...first, digest: long, ...fields });
      for (
        const [write, status] of [
          [again({}), "duplicate"],
          [again({ data: "0" }), "conflict"],
          [again({ partitionKey: null }), "conflict"],
          [again({ partitionKey: "other" }), "conflict"],
          [again({ digest: short, data: "0" }), "duplicate"],
        ] as const
      ) assertEquals(statuses(await sink.write({ batchId: "second", writes: [write] })), [status]);
      const [inBatch, repeat] = [again({ requestId: "b" }), { ...first, requestId: "b" }];
      assertEquals(statuses(await sink.write({ batchId: "third", writes: [inBatch, repeat] })), [
        "committed",
        "duplicate",
      ]);
      await sink.close();
    },
  },
  {
    name: "write() of the same batch again, after its answer was lost, stores nothing twice and says when it was",
    async run(store) {
      const sink = await store.open();
      const batch = makeBatch("batch", makeIds("a", 100));
      const lost = await sink.write(batch);
      await sink.close();
      const before = await store.ledger();
      const restarted = await store.open();
      assertEquals(
        await restarted.write(batch),
        lost.map((outcome) => ({ ...outcome, status: "duplicate" }) as Outcome),
      );
      assertEquals(await store.ledger(), before);
      await restarted.close();
    },
  },
  {
    name: "countCommitted(), countCommittedOf() and countRejected() count what is in the database",
    async run(store) {
      const sink = await store.open((write) => {
        if (write.requestId.endsWith("/7")) throw new Error("refused");
      });
      const ids = makeIds("a", 2_000);
      assertEquals([await sink.countCommitted(), await sink.countRejected()], [0, 0]);
      await sink.write(makeBatch("batch", ids));
      assertEquals([await sink.countCommitted(), await sink.countRejected()], [1_999, 1]);
      assertEquals(await sink.countCommittedOf([]), 0);
      assertEquals(await sink.countCommittedOf(["a/1", "a/1", "a/7", "unknown"]), 1);
      assertEquals(await sink.countCommittedOf([...ids, ...makeIds("unknown", 100_000), ...ids]), 1_999);
      await sink.close();
    },
  },
];
