/**
 * What a comparison measured: the content of `report.json`.
 *
 * @module
 */

/** How a way of writing is shown. */
export interface VariantFacts {
  /** Names it in rows, workflow ids and flags. */
  readonly name: string;
  /** What it is, after its name. */
  readonly what: string;
  /** Unlike all others, also for the colour-blind; 3 to 1 on the page's background. */
  readonly colour: { readonly light: string; readonly dark: string };
}

/** Loads in the order in which they are shown, and what each is. */
export const LOADS = {
  idle: "one caller after the other, nobody else writes",
  sparse: "one caller now and then, nobody else writes",
  steady: "callers in a closed loop",
  burst: "all callers at once",
  trickle: "few callers, batches held for a window",
  clients: "writers that are not workflows",
} as const;

/** A load. */
export type LoadName = keyof typeof LOADS;

/** Faults in the order in which they are shown, and what goes wrong. */
export const FAULTS = {
  "duplicate-after-success": "Duplicate sent after success",
  "undeliverable-confirmation": "Confirmation cannot be delivered",
  "sink-down-10s": "Database down for 10 s",
  "sink-down-longer-than-callers-wait": "Database down for longer than callers wait",
  "worker-killed-after-commit": "Worker killed between commit and answer",
  "bad-row-in-batch": "One bad row in a batch",
  "caller-reset-after-write": "Caller workflow reset after its write",
  "server-restart": "Temporal server restarted",
} as const;

/** Something that goes wrong. */
export type FaultName = keyof typeof FAULTS;

/** The ways in which callers and database can disagree. */
export const WRONGS = {
  phantom: "the caller was told “failed”, and the row is there",
  lost: "the caller was told “done”, and the row is not there",
  double: "one write has more than one row",
} as const;

/** A way in which callers and database can disagree. */
export type Wrong = keyof typeof WRONGS;

/** One variant under one load; all rounds together. */
export interface LoadRow {
  readonly scenario: LoadName;
  readonly variant: string;
  /** Writes whose callers were answered. */
  readonly writes: number;
  /** Callers whose call failed. */
  readonly failed: number;
  /** A caller's wait, from its submission to its answer. */
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
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

/** A load that a variant cannot take, and why. */
export interface ImpossibleLoad {
  readonly scenario: LoadName;
  readonly variant: string;
  readonly impossible: string;
}

/** What callers were told against what the database holds. */
export interface FaultCounts extends Readonly<Record<Wrong, number>> {
  /** Writes that callers wanted. */
  readonly writes: number;
  /** Callers whose call failed, whatever they were told. */
  readonly callers_failed: number;
  /** Of those: told in so many words that the outcome is unknown and that the same request again is safe. */
  readonly told_unknown: number;
}

/** One fault of one variant. */
export interface FaultRow extends FaultCounts {
  readonly fault: FaultName;
  readonly variant: string;
  /** One sentence for people: what happened. */
  readonly note: string;
}

/** The load on the database with several worker processes. */
export interface ScalingRow {
  readonly variant: string;
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
  readonly format: 2;
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationS: number;
  readonly quick: boolean;
  readonly machine: { readonly cpus: number; readonly cpu: string; readonly memoryGiB: number; readonly os: string };
  /** Name of a part and its version. */
  readonly versions: Readonly<Record<string, string>>;
  /** The ways of writing that took part, in the order in which they are shown. */
  readonly variants: readonly VariantFacts[];
  /** How the load was made, a sentence for each thing that a reader would ask. */
  readonly method: readonly string[];
  readonly notMeasured: readonly string[];
  readonly actionRules: readonly ActionRule[];
  readonly loads: readonly (LoadRow | ImpossibleLoad)[];
  readonly faults: readonly FaultRow[];
  readonly scaling: readonly ScalingRow[];
}
