/**
 * Entry of the workflow bundle for measurements: the real workflows and what they are measured against.
 *
 * @module
 */
export * from "./mod.ts";
export { bareCaller } from "./bare_caller.ts";
export { emptyBatcher } from "./empty_batcher.ts";
