/**
 * The contract of sinks, for authors of a sink of their own: tell {@linkcode sinkContract} how to make an empty database,
 * how to open a sink on it and how to look into it, and run the tests that it registers.
 *
 * @example A sink in memory; `memory_sink_test.ts` is the whole of it
 * ```ts ignore
 * import { sinkContract } from "temporal-batcher/testing";
 *
 * sinkContract({ name: "MySink", createStore: () => MyStore.create() }, (name, run) => Deno.test(name, run));
 * ```
 *
 * @module
 */

export {
  type ContractTarget,
  type EachWrite,
  type RegisterTest,
  sinkContract,
  type SinkStore,
  type StoredRejection,
  type StoredWrite,
} from "./sink_contract.ts";
export { makeBatch, makeIds, makeWrite } from "./sink_store.ts";
export type { NewWrite } from "../../src/sinks/apply.ts";
export type { LedgerIdentity } from "../../src/protocol/messages.ts";
export {
  LedgerChangedError,
  type Outcome,
  type Sink,
  type SinkBatch,
  SinkError,
  type SinkWrite,
} from "../../src/sinks/sink.ts";
