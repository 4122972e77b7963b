/**
 * The part of the sink contract about several connections, and several calls, at the same time.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Outcome, SinkError } from "../../src/sinks/sink.ts";
import { type ContractTest, makeIds, makeWrite } from "./sink_store.ts";

const ROUNDS = 10;

/** Tests of concurrency. */
export const CONCURRENCY_CONTRACT: readonly ContractTest[] = [
  {
    name: "two sinks that write the same request ids at the same time commit each of them once",
    async run(store) {
      const pause = () => new Promise((resolve) => setTimeout(resolve));
      const sinks = await Promise.all([store.open(pause), store.open(() => {})]);
      const ids = makeIds("a", 20 * ROUNDS);
      const writes = (round: number, reversed: boolean) => {
        const part = ids.slice(round * 20, round * 20 + 20).map((id) => makeWrite(id));
        return reversed ? part.reverse() : part;
      };
      const answers = await Promise.all(
        sinks.flatMap((sink, index) =>
          Array.from({ length: ROUNDS }, async (_, round) => {
            const batch = { batchId: `sink ${index} round ${round}`, writes: writes(round, index === 1) };
            const outcomes = await sink.write(batch);
            return batch.writes.map(({ requestId }, position) => [requestId, outcomes[position]] as const);
          })
        ),
      );
      const byId = Map.groupBy(answers.flat(), ([requestId]) => requestId);
      for (const [requestId, answered] of byId) {
        const outcomes = answered.map(([, outcome]) => outcome);
        const committed = outcomes.filter(({ status }) => status === "committed");
        assertEquals([committed.length, outcomes.length], [1, 2], requestId);
        for (const outcome of outcomes) assertEquals({ ...outcome, status: "committed" } as Outcome, committed[0]);
      }
      assertEquals((await store.ledger()).map(({ requestId }) => requestId).sort(), [...ids].sort());
      await Promise.all(sinks.map((sink) => sink.close()));
    },
  },
  {
    name: "two sinks that write other data for the same request id: one commits, the other one is a conflict",
    async run(store) {
      const sinks = await Promise.all([store.open(), store.open()]);
      for (const id of makeIds("a", ROUNDS)) {
        const outcomes = await Promise.all(sinks.map(async (sink, index) => {
          const [outcome] = await sink.write({ batchId: `${index}`, writes: [makeWrite(id, { data: `${index}` })] });
          return outcome.status;
        }));
        assertEquals([...outcomes].sort(), ["committed", "conflict"]);
        const stored = (await store.ledger()).find(({ requestId }) => requestId === id);
        assertEquals(stored?.data, `${outcomes.indexOf("committed")}`);
      }
      await Promise.all(sinks.map((sink) => sink.close()));
    },
  },
  {
    name: "write() calls of one sink at the same time do not mix while apply() waits",
    async run(store) {
      const waits = [5, 0, 3, 0];
      const sink = await store.open(async ({ requestId }) => {
        await new Promise((resolve) => setTimeout(resolve, waits.shift()));
        if (requestId === "bad") throw new Error("refused");
      });
      const ids = ["a", "bad", "b", "c"];
      const outcomes = await Promise.all(ids.map((id) => sink.write({ batchId: id, writes: [makeWrite(id)] })));
      assertEquals(outcomes.flat().map(({ status }) => status), ["committed", "rejected", "committed", "committed"]);
      // Which of them commits first is not promised.
      assertEquals((await store.effects()).sort(), ["a", "b", "c"]);
      assertEquals((await store.ledger()).map(({ requestId, batchId }) => [requestId, batchId]).sort(), [
        ["a", "a"],
        ["b", "b"],
        ["c", "c"],
      ]);
      await sink.close();
    },
  },
  {
    name: "another connection sees nothing of a batch before its write() is answered",
    async run(store) {
      const seen: number[] = [];
      const other = await store.open();
      const sink = await store.open(async () =>
        void seen.push((await store.ledger()).length, await other.countCommitted())
      );
      await sink.write({ batchId: "batch", writes: [makeWrite("a"), makeWrite("b")] });
      assertEquals(seen, [0, 0, 0, 0]);
      assertEquals(await other.countCommitted(), 2);
      await Promise.all([sink.close(), other.close()]);
    },
  },
  {
    name: "close() lets the calls before it end and refuses those after it",
    async run(store) {
      const sink = await store.open(() => new Promise((resolve) => setTimeout(resolve)));
      const writing = sink.write({ batchId: "batch", writes: [makeWrite("a")] });
      await sink.close();
      assertEquals((await writing)[0].status, "committed");
      const error = await assertRejects(() => sink.write({ batchId: "late", writes: [makeWrite("b")] }), SinkError);
      assertEquals([error.kind, error.wrote], ["setup", "no"]);
      await sink.close();
      assert((await store.ledger()).length === 1);
    },
  },
];
