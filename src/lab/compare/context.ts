/**
 * What the parts of a comparison work with, set up and taken down again.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import { connectClient } from "../../client/connection.ts";
import { taskQueuesOf } from "../../protocol/names.ts";
import { startDevServer } from "../../server/dev_server.ts";
import { endWorkflows } from "../../worker/end_workflows.ts";
import type { Role } from "../../worker/local_system.ts";
import type { Log } from "../../worker/log.ts";
import { bundleLabWorkflows } from "../create_lab_worker.ts";
import { prepareDatabase } from "./database.ts";
import type { GatherPolicy, Variant, VariantOptions } from "./variant.ts";
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

/** How to compare. */
export interface CompareOptions {
  /** Whether five minutes are all the time there is. */
  readonly quick: boolean;
  readonly log: Log;
  /** Aborted by Ctrl-C: stop what was started, and return. */
  readonly signal: AbortSignal;
  /** Tells people how far it is. */
  readonly progress: (what: string) => void;
}

/** A server, a folder, a bundle, and what is made from them. */
export interface CompareContext extends CompareOptions, AsyncDisposable {
  /** `host:port` of the server that all share. */
  readonly address: string;
  /** A client of that server. */
  readonly client: Client;
  /** A folder for databases and the like, which goes when the comparison ends. */
  readonly directory: string;
  /** Makes a database and a name that no other run has, for one run of a variant. */
  newRun(variant: Variant, options: RunOptions): Promise<VariantOptions>;
  /** Starts workers of a run in a process of their own and returns when they poll. */
  startWorkers(variant: Variant, role: Role, run: VariantOptions): Promise<WorkerProcess>;
}

/**
 * Makes a folder and the workflow bundle, and starts a server where none is given.
 *
 * @param options.address `host:port` of a server that runs and goes on: nothing is left there.
 */
export async function startComparison(
  { address: given, ...options }: CompareOptions & { readonly address?: string },
): Promise<CompareContext> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "temporal-batcher-compare-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  options.progress("starting the server and bundling the workflows");
  const bundleFile = `${directory}/workflows.js`;
  const [server, { code }] = await Promise.all([
    given === undefined ? startDevServer({ port: 0, ui: false, log: options.log.info }) : undefined,
    bundleLabWorkflows(),
  ]);
  if (server !== undefined) stack.use(server);
  await Deno.writeTextFile(bundleFile, code);
  const { address, client } = stack.use(await connectClient({ address: given ?? server!.address }));
  // The server may be one that has seen other comparisons.
  const id = `compare-${crypto.randomUUID().slice(0, 8)}`;
  const taskQueues: string[] = [];
  if (given !== undefined) {
    stack.defer(async () => {
      const { log } = options;
      if (taskQueues.length > 0) await endWorkflows({ client, taskQueues, reason: "The comparison is over", log });
    });
  }
  const started = stack.move();
  let runs = 0;
  return {
    ...options,
    address,
    client,
    directory,
    async newRun(variant, { policy, address: own = address }) {
      const name = `${variant.name}-${++runs}`;
      const databaseFile = `${directory}/${name}.db`;
      await prepareDatabase(databaseFile, variant);
      const queues = taskQueuesOf(`${id}-${name}`);
      taskQueues.push(queues.main, queues.batcher);
      return { address: own, name: `${id}-${name}`, databaseFile, policy };
    },
    startWorkers: (variant, role, run) => WorkerProcess.start({ ...run, variant: variant.name, role, bundleFile }),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
