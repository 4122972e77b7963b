/**
 * The whole system in one process: workers, sink and writer against a server.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import type { DataConverter } from "@temporalio/common";
import type { Worker } from "@temporalio/worker";
import type { FlushReport } from "../../activities/flush_batch.ts";
import { BodyStorage } from "../bodies/body_storage.ts";
import { FileBodyDriver } from "../bodies/file_driver.ts";
import { BatchWriter } from "../client/batch_writer.ts";
import { connectClient, connectNative, loadConnectConfig } from "../client/connection.ts";
import { DEFAULT_BATCHER_NAME, taskQueuesOf } from "../protocol/names.ts";
import type { BatchingOptions } from "../protocol/options.ts";
import type { Sink } from "../sinks/sink.ts";
import { type BatcherWorkerOptions, bundleWorkflows, createBatcherWorker, createMainWorker } from "./create_worker.ts";
import { BodySweeper } from "./body_sweeper.ts";
import type { Log } from "./log.ts";
import { logTaskFailure } from "./watched_worker.ts";

/** Which of the two services a process runs. */
export const ROLES = ["all", "caller", "batcher"] as const;

/** Which of the two services a process runs: callers (`caller`), batchers and flushes (`batcher`), or both. */
export type Role = (typeof ROLES)[number];

/** Options of {@linkcode startLocalSystem}. */
export interface LocalSystemOptions {
  /** `host:port` of the server; left out, the environment says where it is. */
  readonly address?: string;
  /** Left out, the environment says which one. */
  readonly namespace?: string;
  readonly log: Log;
  /** @default {"all"} */
  readonly role?: Role;
  /** Opens the sink. Called only where flushes run. */
  readonly openSink: () => Promise<Sink>;
  /** Further activities of the batchers' task queue. */
  readonly batcherActivities?: object;
  readonly batching?: BatchingOptions;
  /**
   * Name of the batchers; another one than the default also gets task queues of its own, so that no other worker of the
   * server takes part.
   *
   * @default {"batcher"}
   */
  readonly name?: string;
  /**
   * The workflows that the workers know.
   *
   * @default Those of the product, bundled now.
   */
  readonly workflowBundle?: BatcherWorkerOptions["workflowBundle"];
  /**
   * How payloads are encoded, and where large ones are stored; writers and workers must have the same.
   * @default {JSON, all of it in the history}
   */
  readonly dataConverter?: DataConverter;
  /** Told about every flush. */
  readonly onFlush?: (report: FlushReport) => void;
  /** Told if a worker ends by itself. */
  readonly onFailure?: (error: unknown) => void;
}

/** Workers that run. */
export interface LocalSystem extends AsyncDisposable {
  readonly client: Client;
  readonly namespace: string;
  readonly mainTaskQueue: string;
  readonly batcherTaskQueue: string;
  /** The writer of this process; only where callers run. */
  readonly writer: BatchWriter | undefined;
  /** Where the flushes of this process go; only where flushes run. */
  readonly sink: Sink | undefined;
  /** Stops taking in work, ends what runs, and closes everything. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts workers for a role and returns when they poll. */
export async function startLocalSystem(options: LocalSystemOptions): Promise<LocalSystem> {
  const { address, log, role = "all", name = DEFAULT_BATCHER_NAME, dataConverter } = options;
  const queues = taskQueuesOf(name);
  await using stack = new AsyncDisposableStack();
  const { connection, namespace } = loadConnectConfig({ address, namespace: options.namespace });
  const native = await connectNative(connection);
  stack.defer(() => native.close());
  const { client } = stack.use(await connectClient({ address, namespace, dataConverter }));
  const workflowBundle = options.workflowBundle ?? await bundleWorkflows();
  const base = { connection: native, namespace, workflowBundle, dataConverter, onTaskFailure: logTaskFailure(log) };
  const start = (worker: Worker, what: string) => {
    stack.defer(runWorker(worker, options.onFailure));
    log.info(`${what} on task queue ${worker.options.taskQueue}`);
  };

  let sink: Sink | undefined;
  if (role !== "caller") {
    const opened = sink = await options.openSink();
    stack.defer(() => opened.close());
    const storage = dataConverter?.externalStorage;
    if (storage instanceof BodyStorage && storage.driver instanceof FileBodyDriver) {
      stack.use(new BodySweeper(storage.driver, client, log));
    }
    const { onFlush = logFlush(log), batcherActivities: activities } = options;
    start(
      await createBatcherWorker({ ...base, sink, taskQueue: queues.batcher, onFlush, activities }),
      `Flushing to ${sink.description}`,
    );
  }
  let writer: BatchWriter | undefined;
  if (role !== "batcher") {
    writer = stack.use(
      await BatchWriter.connect({
        ...options.batching,
        address,
        namespace,
        dataConverter,
        name,
        taskQueue: queues.batcher,
        onWarning: (message) => log.warn(`Writes wait: ${message}`),
      }),
    );
    start(await createMainWorker({ ...base, writer, taskQueue: queues.main }), "Running transactions");
  }
  const started = stack.move();
  return {
    client,
    namespace,
    mainTaskQueue: queues.main,
    batcherTaskQueue: queues.batcher,
    writer,
    sink,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Runs a worker and returns what stops it and waits for its end. */
export function runWorker(worker: Worker, onFailure: (error: unknown) => void = () => {}): () => Promise<void> {
  const ended = worker.run().catch(onFailure);
  return async () => {
    if (worker.getState() === "RUNNING") worker.shutdown();
    await ended;
  };
}

function logFlush(log: Log): (report: FlushReport) => void {
  return ({ batchId, writes, durationMs, error }) => {
    if (error) log.warn(`Flush ${batchId} of ${writes} writes failed after ${Math.round(durationMs)} ms: ${error}`);
    else log.debug(`Flush ${batchId} of ${writes} writes took ${Math.round(durationMs)} ms`);
  };
}
