/**
 * The contract that every sink keeps, as tests.
 *
 * @module
 */

import { APPLY_CONTRACT } from "./apply_contract.ts";
import { CONCURRENCY_CONTRACT } from "./concurrency_contract.ts";
import { LEDGER_CONTRACT } from "./ledger_contract.ts";
import { OUTCOME_CONTRACT } from "./outcome_contract.ts";
import type { ContractTarget } from "./sink_store.ts";
import { TEXT_CONTRACT } from "./text_contract.ts";

export type { ContractTarget, EachWrite, SinkStore, StoredRejection, StoredWrite } from "./sink_store.ts";

/** Registers a test, as `Deno.test(name, run)` does. */
export type RegisterTest = (name: string, run: () => Promise<void>) => void;

/**
 * Registers the contract's tests for one kind of sink.
 *
 * Each test gets an empty database of its own, and checks what is in it past the sink.
 *
 * @param target The sink, and how to look into its database.
 * @param register Called once for each test.
 */
export function sinkContract(target: ContractTarget, register: RegisterTest): void {
  const tests = [OUTCOME_CONTRACT, TEXT_CONTRACT, APPLY_CONTRACT, CONCURRENCY_CONTRACT, LEDGER_CONTRACT];
  for (const test of tests.flat()) {
    register(`${target.name}: ${test.name}`, async () => {
      await using store = await target.createStore();
      await test.run(store);
    });
  }
}
