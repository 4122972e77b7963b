/**
 * Entry of the workflow bundle: every function that it exports is a workflow.
 *
 * @module
 */
export { batcher } from "./batcher.ts";
export { transaction } from "./transaction.ts";
