/**
 * What the parts of a comparison work with: loads, scaling and faults get the same.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import type { Role } from "../../worker/local_system.ts";
import type { Log } from "../../worker/log.ts";
import { prepareDatabase } from "./database.ts";
import type { VariantName } from "./report_data.ts";
import type { GatherPolicy, VariantOptions } from "./variant.ts";
import { WorkerProcess } from "./worker_process.ts";

/** How one run of a variant differs from the usual one. */
export interface RunOptions {
  readonly policy: GatherPolicy;
  /**
   * A server of its own, for what ends or restarts it.
   * @default The server of the comparison.
   */
  readonly address?: string;
}

/** What a comparison is made of. */
export interface CompareParts {
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
}

/** A server, a folder, a bundle, and what is made from them. It is disposed of by who made its parts. */
export interface CompareContext extends CompareParts {
  /** Makes a database and a name that no other run has, for one run of a variant. */
  newRun(variant: VariantName, options: RunOptions): Promise<VariantOptions>;
  /** Starts workers of a run in a process of their own and returns when they poll. */
  startWorkers(variant: VariantName, role: Role, run: VariantOptions): Promise<WorkerProcess>;
  /** Terminates every workflow on the shared server that this comparison has left there. */
  endWorkflows(): Promise<void>;
}

/** Makes a context from its parts. */
export function createContext(parts: CompareParts): CompareContext {
  // The server may be one that has seen other comparisons.
  const id = `compare-${crypto.randomUUID().slice(0, 8)}`;
  let runs = 0;
  return {
    ...parts,

    async newRun(variant, { policy, address = parts.address }) {
      const n = ++runs;
      const databaseFile = `${parts.directory}/${variant}-${n}.db`;
      await prepareDatabase(databaseFile);
      return { address, name: `${id}-${variant}-${n}`, databaseFile, policy };
    },

    startWorkers: (variant, role, run) => WorkerProcess.start({ ...run, variant, role, bundleFile: parts.bundleFile }),

    async endWorkflows() {
      const query = `WorkflowId STARTS_WITH "${id}" AND ExecutionStatus = "Running"`;
      for await (const { workflowId } of parts.client.workflow.list({ query })) {
        await parts.client.workflow.getHandle(workflowId).terminate("The comparison is over").catch(() => {});
      }
    },
  };
}
