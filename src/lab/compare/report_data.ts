/**
 * What a comparison measured: the content of `report.json`.
 *
 * @module
 */

/** The ways of writing that are compared. */
export const VARIANTS = ["update", "signal", "activity", "direct"] as const;

/** A way of writing: batched by Updates, by signals, inside one worker process, or not at all. */
export type VariantName = typeof VARIANTS[number];

/** Loads, in the order in which they are shown. */
export const LOADS = ["idle", "sparse", "steady", "burst", "trickle", "clients"] as const;

/** A load: one caller after the other, one now and then, callers in a closed loop, all at once, few under a window, or writers that are no workflows. */
export type LoadName = typeof LOADS[number];

/** Faults, in the order in which they are shown. */
export const FAULTS = [
  "duplicate-after-success",
  "undeliverable-confirmation",
  "sink-down-10s",
  "sink-down-longer-than-callers-wait",
  "worker-killed-after-commit",
  "bad-row-in-batch",
  "caller-reset-after-write",
  "server-restart",
] as const;

/** Something that goes wrong. */
export type FaultName = typeof FAULTS[number];

/** One variant under one load; all rounds together. */
export interface LoadRow {
  readonly scenario: LoadName;
  readonly variant: VariantName;
  /** Writes whose callers were answered. */
  readonly writes: number;
  /** Callers whose call failed. */
  readonly failed: number;
  /** A caller's wait, from its submission to its answer. */
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** The wait at each of {@linkcode CURVE_PERCENTILES}. */
  readonly curve_ms: readonly number[];
  /**
   * The call from outside, by the clock of who makes the load: from the request to start a caller to its result. Unlike the
   * wait it has the time that a caller stood in line for its worker.
   */
  readonly call_ms_p50: number;
  readonly call_ms_p99: number;
  readonly writes_per_s: number;
  readonly statements_per_s: number;
  readonly rows_per_statement: number;
  /** History events of callers and batchers together, for each write. */
  readonly events_per_write: number;
  readonly history_bytes_per_write: number;
  /** Billable actions of Temporal Cloud by its published rules, counted from the histories. */
  readonly actions_per_write: number;
  /** CPU time of the worker processes. */
  readonly worker_cpu_s_per_1000_writes: number;
}

/** Percentiles of a latency curve. */
export const CURVE_PERCENTILES = [0, 10, 25, 50, 75, 90, 95, 99, 99.9, 100] as const;

/** A load that a variant cannot take, and why. */
export interface ImpossibleLoad {
  readonly scenario: LoadName;
  readonly variant: VariantName;
  readonly impossible: string;
}

/** What callers were told against what the database holds, for one fault and variant. */
export interface FaultRow {
  readonly fault: FaultName;
  readonly variant: VariantName;
  /** Writes that callers wanted. */
  readonly writes: number;
  /** Told "failed", and the row is there. */
  readonly phantom: number;
  /** Told "done", and the row is not there. */
  readonly lost: number;
  /** Rows of one write beyond the first. */
  readonly double: number;
  /** Callers whose call failed, whatever they were told. */
  readonly callers_failed: number;
  /** Of those: told in so many words that the outcome is unknown and that the same request again is safe. */
  readonly told_unknown: number;
  /** One sentence for people: what happened. */
  readonly note: string;
}

/** A fault that does not exist for a variant, and why. */
export interface ImpossibleFault {
  readonly fault: FaultName;
  readonly variant: VariantName;
  readonly impossible: string;
}

/** The load on the database with several worker processes. */
export interface ScalingRow {
  readonly variant: "update" | "activity" | "direct";
  readonly processes: number;
  readonly writes_per_s: number;
  readonly p50_ms: number;
  readonly statements_per_s: number;
  readonly rows_per_statement: number;
  /** Connections to the database that were open. */
  readonly connections: number;
}

/** A price rule, as it was applied. */
export interface ActionRule {
  readonly what: string;
  readonly actions: string;
}

/** The whole comparison. */
export interface CompareReport {
  readonly format: 1;
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationS: number;
  readonly quick: boolean;
  readonly machine: { readonly cpus: number; readonly cpu: string; readonly memoryGiB: number; readonly os: string };
  /** Name of a part and its version. */
  readonly versions: Readonly<Record<string, string>>;
  /** How the load was made, a sentence for each thing that a reader would ask. */
  readonly method: readonly string[];
  readonly notMeasured: readonly string[];
  readonly actionRules: readonly ActionRule[];
  readonly loads: readonly (LoadRow | ImpossibleLoad)[];
  readonly faults: readonly (FaultRow | ImpossibleFault)[];
  readonly scaling: readonly ScalingRow[];
}
