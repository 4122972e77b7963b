/**
 * The part of the sink contract about `apply` and about rows that are refused.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Outcome, SinkError } from "../../src/sinks/sink.ts";
import { type ContractTest, type EachWrite, makeBatch, makeIds, makeWrite } from "./sink_store.ts";

const RESULTS: readonly unknown[] = [null, true, 0, 1.5, "", "\u0000 \u{1F600}", [], [1, null], {}, { a: { b: [] } }];

class OutOfStock extends Error {
  override name = "OutOfStock";
}

function refuse(...requestIds: string[]): EachWrite {
  const refused = new Set(requestIds);
  return ({ requestId }) => {
    if (refused.has(requestId)) throw new OutOfStock(`no stock for ${requestId}`);
  };
}

/** Tests of `apply` and of isolation. */
export const APPLY_CONTRACT: readonly ContractTest[] = [
  {
    name: "apply() gets the new writes only, in order, with parsed rows",
    async run(store) {
      const seen: unknown[] = [];
      const sink = await store.open((write) => void seen.push({ ...write }));
      await sink.write(makeBatch("first", ["a", "b"]));
      const writes = ["b", "c", "a", "d", "c"].map((id) => makeWrite(id, { partitionKey: `key of ${id}` }));
      await sink.write({ batchId: "second", writes });
      assertEquals(seen, [
        { requestId: "a", data: { id: "a" }, partitionKey: null },
        { requestId: "b", data: { id: "b" }, partitionKey: null },
        { requestId: "c", data: { id: "c" }, partitionKey: "key of c" },
        { requestId: "d", data: { id: "d" }, partitionKey: "key of d" },
      ]);
      assertEquals(await store.effects(), ["a", "b", "c", "d"]);
      await sink.close();
    },
  },
  {
    name: "apply()'s results come back with the receipt and with every later duplicate",
    async run(store) {
      const results = new Map(RESULTS.map((result, index) => [`${index}`, result]));
      const sink = await store.open(({ requestId }) => results.get(requestId));
      const batch = makeBatch("batch", [...results.keys(), "none"]);
      const first = await sink.write(batch);
      assertEquals(first.map((outcome) => (outcome as { result?: unknown }).result), [...RESULTS, undefined]);
      assert(!("result" in first[RESULTS.length]));
      const duplicates = first.map((outcome) => ({ ...outcome, status: "duplicate" }) as Outcome);
      assertEquals(await sink.write(batch), duplicates);
      const other = await store.open(() => "another result");
      assertEquals(await other.write(batch), duplicates);
      await Promise.all([sink.close(), other.close()]);
    },
  },
  {
    name: "write() rejects one bad row of 1,000 alone and keeps it in the dead-letter table",
    async run(store) {
      const sink = await store.open(refuse("a/613"));
      const ids = makeIds("a", 1_000);
      const outcomes = await sink.write(makeBatch("batch", ids));
      const errorMessage = "no stock for a/613";
      assertEquals(outcomes[613], { status: "rejected", errorType: "OutOfStock", errorMessage });
      assertEquals(outcomes.filter(({ status }) => status === "committed").length, 999);
      const good = ids.filter((id) => id !== "a/613");
      assertEquals((await store.ledger()).map(({ requestId }) => requestId), good);
      assertEquals(await store.effects(), good);
      const [{ rejectedAt, ...letter }, ...more] = await store.deadLetters();
      const data = JSON.stringify({ id: "a/613" });
      assertEquals(letter, { requestId: "a/613", data, errorType: "OutOfStock", errorMessage, batchId: "batch" });
      assert(!Number.isNaN(Date.parse(rejectedAt)));
      assertEquals(more, []);
      await sink.close();
    },
  },
  {
    name: "write() calls apply() some 20 times, not 1,000 times, to find a bad row",
    async run(store) {
      let calls = 0;
      const isBad = refuse("a/0");
      const sink = await store.open((write) => {
        if (write.requestId === "a/0") calls++;
        return isBad(write);
      });
      await sink.write(makeBatch("batch", makeIds("a", 1_000)));
      assert(calls <= 12, `${calls} calls with the bad row`);
      await sink.close();
    },
  },
  {
    name: "write() of nothing but bad rows rejects each of them",
    async run(store) {
      const ids = makeIds("a", 64);
      const sink = await store.open(refuse(...ids));
      const outcomes = await sink.write(makeBatch("batch", [...ids, "a/3"]));
      assert(outcomes.every(({ status }) => status === "rejected"));
      assertEquals([await store.ledger(), await store.effects()], [[], []]);
      assertEquals((await store.deadLetters()).length, 64);
      await sink.close();
    },
  },
  {
    name: "write() of a rejected request id that is good now commits it and clears its dead letter",
    async run(store) {
      const strict = await store.open(refuse("a", "b"));
      await strict.write(makeBatch("first", ["a", "b"]));
      await strict.close();
      const sink = await store.open(refuse("b"));
      const [a, b] = await sink.write({ batchId: "second", writes: [makeWrite("a", { data: "1" }), makeWrite("b")] });
      assertEquals([a.status, b.status], ["committed", "rejected"]);
      assertEquals((await store.ledger()).map(({ requestId, data }) => [requestId, data]), [["a", "1"]]);
      assertEquals((await store.deadLetters()).map(({ requestId, batchId }) => [requestId, batchId]), [[
        "b",
        "second",
      ]]);
      await sink.close();
    },
  },
  {
    name: "write() undoes ledger, dead letters and effects together when the batch fails as a whole",
    async run(store) {
      const sink = await store.open(({ requestId }) => {
        if (requestId === "bad") throw new OutOfStock("bad");
        if (requestId === "down") throw new SinkError("unavailable", "unknown", "the database went away");
      });
      const batch = makeBatch("batch", ["bad", ...makeIds("a", 10), "down"]);
      const error = await assertRejects(() => sink.write(batch), SinkError);
      assertEquals([error.kind, error.wrote], ["unavailable", "no"]);
      assertEquals([await store.ledger(), await store.deadLetters(), await store.effects()], [[], [], []]);
      assertEquals((await sink.write(makeBatch("batch", ["a/0"])))[0].status, "committed");
      await sink.close();
    },
  },
];
