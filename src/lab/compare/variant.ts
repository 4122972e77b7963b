/**
 * A way of writing, as loads and faults see it: the same calls for every one.
 *
 * @module
 */
import { type Client, WorkflowFailedError, type WorkflowHandle } from "@temporalio/client";
import { ActivityFailure, ApplicationFailure } from "@temporalio/common";
import type { Json } from "../../protocol/write.ts";
import type { WorkerBase } from "../../worker/create_worker.ts";
import type { Role } from "../../worker/local_system.ts";
import type { Log } from "../../worker/log.ts";
import { SIGNAL_DEFAULTS } from "../protocol/signal_messages.ts";
import type { FaultSwitches } from "./fault_switches.ts";
import type { VariantFacts } from "./report_data.ts";

/** Counts of one database connection; differences of two are those of the time between. */
export interface DatabaseCounts {
  /**
   * Transactions that were committed. With SQLite this is what costs: an fsync each. It is also the number of statements
   * that a database server would see, which gets a batch as one statement.
   */
  readonly transactions: number;
  /** Rows of writes that were committed. */
  readonly rows: number;
}

/** When what is gathered is written. */
export interface GatherPolicy {
  /** Writes at which it is written at once. */
  readonly size: number;
  /** How long writes are held. */
  readonly windowMs: number;
}

/** What all parts of one run of a variant agree on. It is JSON, so that worker processes can be told. */
export interface VariantOptions {
  readonly address: string;
  /** Prefix of workflow ids and task queues; unique for each run. */
  readonly name: string;
  /** The SQLite file, after `prepareDatabase`. */
  readonly databaseFile: string;
  readonly policy: GatherPolicy;
  /**
   * How long a caller waits for its answer.
   * @default {120000}
   */
  readonly confirmationTimeoutMs?: number;
}

/** How long a caller waits by default: the original's two minutes. */
export const CONFIRMATION_TIMEOUT_MS = SIGNAL_DEFAULTS.confirmationTimeoutMs;

/** Options of {@linkcode Variant.startWorkers}. */
export interface VariantWorkerOptions extends VariantOptions {
  /** Which of the two services; what a variant does not have is not started. */
  readonly role: Role;
  readonly log: Log;
  readonly workflowBundle: WorkerBase["workflowBundle"];
  readonly faults: FaultSwitches;
}

/** Workers of a variant that run in this process. */
export interface VariantWorkers extends AsyncDisposable {
  /** What the database was asked to do by this process. */
  counts(): DatabaseCounts;
  /** Connections to the database that this process has open. */
  readonly connections: number;
}

/** One write of one caller. */
export interface Call {
  /** Workflow id of the caller; begin it with the run's name. */
  readonly workflowId: string;
  /**
   * Names the write. Callers with the same one are duplicates of each other.
   * @default What the variant makes up.
   */
  readonly requestId?: string;
  /** The row. Its field `key` is what it is found by in the database; a negative `amount` is refused by the database. */
  readonly data: { readonly key: string; readonly amount?: number } & { readonly [field: string]: Json };
}

/** A caller that was started. */
export interface Caller {
  readonly workflowId: string;
  /** Left out: the latest run, such as the one after a reset. */
  readonly runId?: string;
}

/** What a caller was told about its write. */
export type Told =
  | { readonly kind: "done"; readonly waitMs: number }
  | {
    /** `unknown`: in so many words, and that the same request again is safe. */
    readonly kind: "failed" | "unknown";
    readonly errorType: string;
    readonly message: string;
  };

/** A writer that is not a workflow. */
export interface ClientWriter extends AsyncDisposable {
  write(call: Omit<Call, "workflowId"> & { readonly requestId: string }): Promise<Told>;
}

/** A way of writing. */
export interface Variant extends VariantFacts {
  /** What a reader has to know of how it is measured. */
  readonly method: readonly string[];
  /** Its table, which `createTable` makes. */
  readonly table: string;
  createTable(path: string): Promise<unknown>;
  /** The role whose workers have the database. */
  readonly databaseRole: "caller" | "batcher";
  /** Its policy for answering as soon as it can. */
  readonly noWindow: GatherPolicy;
  /** Why it cannot hold writes for a window; left out where it can. */
  readonly noWindowLoad?: string;
  /** Whether its windows end at multiples of their length on the clock. */
  readonly clockWindow: boolean;
  /** Whether its load on the database may depend on the number of worker processes. */
  readonly scales: boolean;
  /** Starts workers in this process and returns when they poll. */
  startWorkers(options: VariantWorkerOptions): Promise<VariantWorkers>;
  /** Starts what callers need to find; workers may come later. */
  prepare(client: Client, options: VariantOptions): Promise<void>;
  /** Starts a caller: a workflow that makes one write. */
  startCaller(client: Client, options: VariantOptions, call: Call): Promise<Caller>;
  /**
   * Sends a caller's request again, as a retry whose first try was thought lost.
   * @default Another caller with the same request id.
   */
  readonly sendAgain?: (client: Client, options: VariantOptions, call: Call) => Promise<void>;
  /** Waits for the end of a caller and says what it was told. */
  told(client: Client, caller: Caller): Promise<Told>;
  /** Workflow ids of the batchers of a run in which one process has callers; each may have continued as new. */
  batcherIds(options: VariantOptions): readonly string[];
  /** How many writes a batcher has that are not settled. */
  pendingWrites(batcher: WorkflowHandle): Promise<number>;
  /** Connects a writer that is no workflow, or why there is none. */
  readonly clientWriter: ((options: VariantOptions) => Promise<ClientWriter>) | string;
}

/** Reads the end of a caller that returns how long it waited. */
export async function toldOf(
  client: Client,
  { workflowId, runId }: Caller,
  unknownTypes: ReadonlySet<string> = new Set(),
): Promise<Told> {
  try {
    const { waitMs } = await client.workflow.getHandle(workflowId, runId).result() as { waitMs: number };
    return { kind: "done", waitMs };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    let cause: unknown = error.cause;
    if (cause instanceof ActivityFailure) cause = cause.cause;
    const errorType = cause instanceof ApplicationFailure ? cause.type ?? "Error" : (cause as Error)?.name ?? "Error";
    const message = (cause as Error)?.message ?? String(cause);
    return { kind: unknownTypes.has(errorType) ? "unknown" : "failed", errorType, message };
  }
}
