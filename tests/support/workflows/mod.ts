/**
 * Entry of the workflow bundle for tests: the real workflows, and callers with more than one write.
 *
 * @module
 */
export * from "../../../workflows/mod.ts";
export { continuesAndFails, continuesOnce, failsOnce, writesTwice } from "./callers.ts";
