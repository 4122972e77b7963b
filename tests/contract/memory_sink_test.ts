import { MemorySink, MemoryStore, type MemoryTransaction } from "../../src/sinks/memory_sink.ts";
import type { NewWrite } from "../../src/sinks/apply.ts";
import { EACH } from "./sink_store.ts";
import { type EachWrite, sinkContract, type SinkStore } from "./sink_contract.ts";

function applyEach(each: EachWrite) {
  return async (tx: MemoryTransaction, writes: readonly NewWrite[]) => {
    const results: unknown[] = [];
    for (const write of writes) {
      tx.set("effects", [...tx.get("effects") as string[] ?? [], write.requestId]);
      results.push(await each(write));
    }
    return results;
  };
}

function createStore(): Promise<SinkStore> {
  const store = new MemoryStore();
  return Promise.resolve({
    // deno-lint-ignore require-await -- a refusal is to come as a rejection
    open: async (each) => new MemorySink({ store, ...(each && { apply: applyEach(each), applyName: EACH }) }),
    ledger: () =>
      Promise.resolve(
        [...store.ledger.values()].map(({ write, committed: { batchId, committedAt, result } }) => (
          { ...write, batchId, committedAt, result: JSON.stringify(result) ?? null }
        )),
      ),
    deadLetters: () =>
      Promise.resolve(
        [...store.deadLetters.values()].map(({ write: { requestId, data }, fault, batchId, rejectedAt }) => (
          { requestId, data, errorType: fault.errorType, errorMessage: fault.message, batchId, rejectedAt }
        )),
      ),
    effects: () => Promise.resolve(store.values.get("effects") as string[] ?? []),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

sinkContract({ name: "MemorySink", createStore }, (name, run) => Deno.test(name, run));
