/**
 * What the parts of a comparison work with: loads, scaling and faults get the same.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import type { Role } from "../worker/local_system.ts";
import type { Log } from "../worker/log.ts";
import { prepareDatabase } from "./database.ts";
import type { VariantName } from "./report_data.ts";
import type { GatherPolicy, VariantOptions } from "./variant.ts";
import { WorkerProcess } from "./worker_process.ts";

/** How one run of a variant differs from the usual one. */
export interface RunOptions {
  readonly policy: GatherPolicy;
  /** @default {CONFIRMATION_TIMEOUT_MS} */
  readonly confirmationTimeoutMs?: number;
  /**
   * A server of its own, for what ends or restarts it.
   * @default The server of the comparison.
   */
  readonly address?: string;
}

/** What a comparison is made of. */
export interface CompareContextOptions {
  readonly address: string;
  readonly client: Client;
  readonly directory: string;
  readonly bundleFile: string;
  readonly quick: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly progress: (what: string) => void;
}

/** A server, a folder, a bundle, and what is made from them. It is disposed of by who made its parts. */
export class CompareContext {
  /** `host:port` of the server that all share. */
  readonly address: string;
  /** A client of that server. */
  readonly client: Client;
  /** A folder for databases and the like, which goes when the comparison ends. */
  readonly directory: string;
  /** File with the code of the workflow bundle `compare`. */
  readonly bundleFile: string;
  /** Whether five minutes are all the time there is. */
  readonly quick: boolean;
  readonly log: Log;
  /** Aborted by Ctrl-C: stop what was started, and return. */
  readonly signal: AbortSignal;
  /** Tells people how far it is. */
  readonly progress: (what: string) => void;
  /** The server may be one that has seen other comparisons. */
  readonly #id = `compare-${crypto.randomUUID().slice(0, 8)}`;
  #runs = 0;

  constructor(options: CompareContextOptions) {
    this.address = options.address;
    this.client = options.client;
    this.directory = options.directory;
    this.bundleFile = options.bundleFile;
    this.quick = options.quick;
    this.log = options.log;
    this.signal = options.signal;
    this.progress = options.progress;
  }

  /** Makes a database and a name that no other run has, for one run of a variant. */
  async newRun(
    variant: VariantName,
    { policy, confirmationTimeoutMs, address = this.address }: RunOptions,
  ): Promise<VariantOptions> {
    const n = ++this.#runs;
    const databaseFile = `${this.directory}/${variant}-${n}.db`;
    await prepareDatabase(databaseFile);
    return {
      address,
      name: `${this.#id}-${variant}-${n}`,
      databaseFile,
      policy,
      ...(confirmationTimeoutMs !== undefined && { confirmationTimeoutMs }),
    };
  }

  /** Starts workers of a run in a process of their own and returns when they poll. */
  startWorkers(variant: VariantName, role: Role, run: VariantOptions): Promise<WorkerProcess> {
    return WorkerProcess.start({ ...run, variant, role, bundleFile: this.bundleFile });
  }

  /** Terminates every workflow on the shared server that this comparison has left there. */
  async endWorkflows(): Promise<void> {
    const query = `WorkflowId STARTS_WITH "${this.#id}" AND ExecutionStatus = "Running"`;
    for await (const { workflowId } of this.client.workflow.list({ query })) {
      await this.client.workflow.getHandle(workflowId).terminate("The comparison is over").catch(() => {});
    }
  }
}
