/**
 * Workers for the two roles.
 *
 * @module
 */
import type { DataConverter } from "@temporalio/common";
import {
  bundleWorkflowCode,
  type NativeConnection,
  type Worker,
  type WorkflowBundleOption,
  type WorkflowBundleWithSourceMap,
} from "@temporalio/worker";
import { fileURLToPath } from "node:url";
import { createFlushActivities, createMainActivities } from "../../activities/mod.ts";
import type { FlushReport } from "../../activities/flush_batch.ts";
import { noBodyStorage, storedFromBytes } from "../bodies/body_storage.ts";
import type { BatchWriter } from "../client/batch_writer.ts";
import { BATCHER_TASK_QUEUE, BATCHER_WORKFLOW, MAIN_TASK_QUEUE } from "../protocol/names.ts";
import type { Sink } from "../sinks/sink.ts";
import { sendBytesAsText } from "./activation_bytes.ts";
import { createWatchedWorker, type TaskFailure } from "./watched_worker.ts";

// In the npm package all modules are compiled.
const WORKFLOWS = new URL(`../../workflows/mod.${import.meta.url.endsWith(".js") ? "js" : "ts"}`, import.meta.url);

/**
 * Bundles the workflows: about two seconds, once for all workers of a process.
 *
 * @param entry A module that exports workflows; left out, that of the batcher and of the ready-made caller.
 */
export function bundleWorkflows(entry: URL = WORKFLOWS): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({ workflowsPath: fileURLToPath(entry), logger: quietLogger });
}

const quiet = () => {};
const quietLogger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };

/** What every worker needs. */
export interface WorkerBase {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly workflowBundle: WorkflowBundleOption;
  /**
   * How payloads are encoded, and where large ones are stored; writers and workers must have the same.
   * @default {JSON, all of it in the history}
   */
  readonly dataConverter?: DataConverter;
  /**
   * Told about every failed attempt of a workflow task: its workflow gets no further until one succeeds. An error of the
   * callback is logged.
   */
  readonly onTaskFailure?: (failure: TaskFailure) => void;
}

/** Options of {@linkcode createBatcherWorker}. */
export interface BatcherWorkerOptions extends WorkerBase {
  readonly sink: Sink;
  /** @default {"batcher-queue"} */
  readonly taskQueue?: string;
  /** Told about every flush. */
  readonly onFlush?: (report: FlushReport) => void;
  /** Further activities of this task queue. */
  readonly activities?: object;
}

/** Options of {@linkcode createMainWorker}. */
export interface MainWorkerOptions extends WorkerBase {
  /** The writer that all callers of this process share. */
  readonly writer: BatchWriter;
  /** @default {"main-workflow-queue"} */
  readonly taskQueue?: string;
}

/**
 * A caller that waits in a local activity holds a workflow task and a slot; the SDK's defaults would let only 40 wait.
 */
const WAITING_CALLERS_MAX = 2_000;

/** Slots of a worker whose workflows wait in local activities. */
export const CALLER_SLOTS = {
  maxConcurrentWorkflowTaskExecutions: WAITING_CALLERS_MAX,
  maxConcurrentLocalActivityExecutions: WAITING_CALLERS_MAX,
  maxConcurrentActivityTaskExecutions: WAITING_CALLERS_MAX,
};

/** Creates the worker that runs batchers and their flushes. */
export async function createBatcherWorker(options: BatcherWorkerOptions): Promise<Worker> {
  await sendBytesAsText(BATCHER_WORKFLOW);
  return await createWatchedWorker({
    connection: options.connection,
    namespace: options.namespace,
    workflowBundle: options.workflowBundle,
    dataConverter: readingReferences(options.dataConverter),
    taskQueue: options.taskQueue ?? BATCHER_TASK_QUEUE,
    activities: {
      ...options.activities,
      ...createFlushActivities(options.sink, options.onFlush, storedFromBytes(options.dataConverter)),
    },
    shutdownGraceTime: "10s",
  }, options.onTaskFailure);
}

/** Creates the worker that runs callers and their submits. */
export function createMainWorker(options: MainWorkerOptions): Promise<Worker> {
  return createWatchedWorker({
    connection: options.connection,
    namespace: options.namespace,
    workflowBundle: options.workflowBundle,
    dataConverter: readingReferences(options.dataConverter),
    taskQueue: options.taskQueue ?? MAIN_TASK_QUEUE,
    activities: createMainActivities(options.writer),
    ...CALLER_SLOTS,
    shutdownGraceTime: "10s",
  }, options.onTaskFailure);
}

/** Without a store of its own a worker still knows a reference when it meets one, and says what to set. */
function readingReferences(dataConverter: DataConverter = {}): DataConverter {
  return { externalStorage: noBodyStorage(), ...dataConverter };
}
