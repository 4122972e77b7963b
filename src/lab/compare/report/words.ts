/**
 * What a report calls its variants, loads and faults.
 *
 * @module
 */
import type { FaultName, LoadName, VariantName } from "../report_data.ts";
import type { Wrong } from "./rows.ts";

/** What each variant is, after its name. */
export const VARIANT_WORDS: Readonly<Record<VariantName, string>> = {
  update: "a batcher workflow; the caller's Update returns its receipt (this project)",
  signal: "a batcher workflow; a signal in, a confirmation signal back (the original system)",
  activity: "the activities of one worker process share a statement; no batcher workflow",
  direct: "each caller's activity writes its own row; no batching",
};

/** What each load is, after its name. */
export const LOAD_WORDS: Readonly<Record<LoadName, string>> = {
  idle: "one caller after the other, nobody else writes",
  sparse: "one caller now and then, nobody else writes",
  steady: "callers in a closed loop",
  burst: "all callers at once",
  trickle: "few callers, batches held for a window",
  clients: "writers that are not workflows",
};

/** What goes wrong in each fault. */
export const FAULT_WORDS: Readonly<Record<FaultName, string>> = {
  "duplicate-after-success": "Duplicate sent after success",
  "undeliverable-confirmation": "Confirmation cannot be delivered",
  "sink-down-10s": "Database down for 10 s",
  "sink-down-longer-than-callers-wait": "Database down for longer than callers wait",
  "worker-killed-after-commit": "Worker killed between commit and answer",
  "bad-row-in-batch": "One bad row in a batch",
  "caller-reset-after-write": "Caller workflow reset after its write",
  "server-restart": "Temporal server restarted",
};

/** The ways in which callers and database can disagree. */
export const WRONG_WORDS: Readonly<Record<Wrong, string>> = {
  phantom: "the caller was told “failed”, and the row is there",
  lost: "the caller was told “done”, and the row is not there",
  double: "one write has more than one row",
};
