/**
 * Entry of the workflow bundle for comparisons: the real workflows and their rivals.
 *
 * @module
 */
export * from "./mod.ts";
export { rowTransaction } from "./row_transaction.ts";
