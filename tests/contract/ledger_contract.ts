/**
 * The part of the sink contract about which ledger it is.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { LedgerChangedError, SinkError } from "../../src/sinks/sink.ts";
import { type ContractTest, makeBatch, makeWrite } from "./sink_store.ts";

/** A text that no database can hold unchanged, so that its row is refused without a statement. */
const LONE_SURROGATE = "\ud800";

/** Tests of the ledger's identity and of its effect. */
export const LEDGER_CONTRACT: readonly ContractTest[] = [
  {
    name: "identify() names the same ledger in every sink, also after a restart",
    async run(store) {
      const [sink, other] = await Promise.all([store.open(), store.open()]);
      const ledger = await sink.identify();
      for (const id of [ledger.identity, ledger.epoch]) assert(/^[\w-]{1,100}$/.test(id), id);
      assertEquals(await other.identify(), ledger);
      await Promise.all([sink.close(), other.close()]);
      const restarted = await store.open();
      assertEquals(await restarted.identify(), ledger);
      await restarted.close();
    },
  },
  {
    name: "write() of a batch for this ledger stores it",
    async run(store) {
      const sink = await store.open();
      const batch = { ...makeBatch("batch", ["a"]), ledger: await sink.identify() };
      assertEquals((await sink.write(batch))[0].status, "committed");
      assertEquals((await sink.write(batch))[0].status, "duplicate");
      await sink.close();
    },
  },
  ...[false, true].map((applies): ContractTest => ({
    name: `write() of a batch for another ledger or epoch stores nothing and names this one (${
      applies ? "apply" : "no apply"
    })`,
    async run(store) {
      const sink = await store.open(applies ? () => {} : undefined);
      const ledger = await sink.identify();
      await sink.write(makeBatch("first", ["old"]));
      const before = [await store.ledger(), await store.deadLetters(), await store.effects()];
      for (const wanted of [{ ...ledger, identity: "another" }, { ...ledger, epoch: "another" }]) {
        for (const ids of [["a"], ["old"], ["a", "old"]]) {
          const batch = { ...makeBatch("second", ids), ledger: wanted };
          const error = await assertRejects(() => sink.write(batch), LedgerChangedError);
          assertEquals([error.kind, error.wrote, error.ledger], ["setup", "no", ledger]);
        }
        const refused = { batchId: "third", writes: [makeWrite("b", { data: LONE_SURROGATE })], ledger: wanted };
        await assertRejects(() => sink.write(refused), LedgerChangedError);
      }
      assertEquals([await store.ledger(), await store.deadLetters(), await store.effects()], before);
      await sink.close();
    },
  })),
  {
    name: "a sink without apply is refused where rows go through an effect, when it opens and when it writes",
    async run(store) {
      const early = await store.open();
      const sink = await store.open(() => {});
      assertEquals((await sink.write(makeBatch("first", ["a"])))[0].status, "committed");
      const before = await store.ledger();
      for (const act of [() => early.write(makeBatch("second", ["a", "b"])), () => store.open()]) {
        const { kind, wrote, message } = await assertRejects(act, SinkError);
        assertEquals([kind, wrote], ["setup", "no"]);
        assert(message.includes("through the effect") && message.includes("no effect"), message);
      }
      assertEquals(await store.ledger(), before);
      await Promise.all([early.close(), sink.close()]);
    },
  },
  {
    name: "a sink with apply is refused where rows went through none",
    async run(store) {
      const sink = await store.open();
      await sink.write(makeBatch("first", ["a"]));
      const { kind, wrote } = await assertRejects(() => store.open(() => {}), SinkError);
      assertEquals([kind, wrote], ["setup", "no"]);
      assertEquals((await sink.write(makeBatch("second", ["b"])))[0].status, "committed");
      await sink.close();
    },
  },
];
