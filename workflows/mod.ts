/**
 * Entry of the workflow bundle: every function that it exports is a workflow.
 *
 * @module
 */
export { batcher } from "./batcher.ts";
export { signalBatcher } from "./signal_batcher.ts";
export { signalTransaction } from "./signal_transaction.ts";
export { transaction } from "./transaction.ts";
