/**
 * Entry of the laboratory's workflow bundle: the real workflows, their rivals, and what they are measured against.
 *
 * @module
 */
export * from "../../../workflows/mod.ts";
export { bareCaller } from "./bare_caller.ts";
export { emptyBatcher } from "./empty_batcher.ts";
export { rowTransaction } from "./row_transaction.ts";
export { signalBatcher } from "./signal_batcher.ts";
export { signalTransaction } from "./signal_transaction.ts";
