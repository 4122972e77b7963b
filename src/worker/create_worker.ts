/**
 * Workers for the two roles.
 *
 * @module
 */
import type { DataConverter } from "@temporalio/common";
import {
  bundleWorkflowCode,
  type Worker,
  type WorkerOptions,
  type WorkflowBundleWithSourceMap,
} from "@temporalio/worker";
import { fileURLToPath } from "node:url";
import { createFlushActivities, createMainActivities } from "../../activities/mod.ts";
import type { FlushReport } from "../../activities/flush_batch.ts";
import { noBodyStorage, storedFromBytes } from "../bodies/body_storage.ts";
import type { BatchWriter } from "../client/batch_writer.ts";
import { BATCHER_WORKFLOW, DEFAULT_BATCHER_NAME, MAIN_TASK_QUEUE, taskQueuesOf } from "../protocol/names.ts";
import type { Sink } from "../sinks/sink.ts";
import { sendBytesAsText } from "./activation_bytes.ts";
import { createWatchedWorker, type TaskFailure } from "./watched_worker.ts";

// In the npm package all modules are compiled.
const WORKFLOWS = new URL(`../../workflows/mod.${import.meta.url.endsWith(".js") ? "js" : "ts"}`, import.meta.url);

/**
 * Bundles the workflows: about two seconds, once for all workers of a process.
 *
 * @param entry A module that exports workflows; left out, that of the batcher and of the ready-made caller.
 * @param workflowInterceptorModules Modules with interceptors that run in the sandbox.
 */
export function bundleWorkflows(
  entry: URL = WORKFLOWS,
  workflowInterceptorModules: string[] = [],
): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({ workflowsPath: fileURLToPath(entry), workflowInterceptorModules, logger: quietLogger });
}

const quiet = () => {};
const quietLogger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };

/** One for all workers of a process that need no modules of their own in it. */
let usualBundle: Promise<WorkflowBundleWithSourceMap> | undefined;

function bundleOnce(): Promise<WorkflowBundleWithSourceMap> {
  return usualBundle ??= bundleWorkflows().catch((error) => {
    usualBundle = undefined;
    throw error;
  });
}

/** What is the SDK's: tuner, slots, interceptors, versioning, plugins and so on. */
type SdkOptions = Omit<WorkerOptions, "taskQueue" | "workflowsPath" | "bundlerOptions">;

/** Options of {@linkcode createBatcherWorker}: its own, and all of the SDK's that do not contradict them. */
export interface BatcherWorkerOptions extends SdkOptions {
  /** Where batches go. Whoever opened it closes it, after the worker's end. */
  readonly sink: Sink;
  /**
   * Name of the batchers.
   * @default {"batcher"}
   */
  readonly name?: string;
  /** @default {"batcher-queue", or "<name>/batcher-queue"} */
  readonly taskQueue?: string;
  /** Told about every flush. */
  readonly onFlush?: (report: FlushReport) => void;
  /**
   * Told about every failed attempt of a workflow task: its workflow gets no further until one succeeds. An error of the
   * callback is logged.
   */
  readonly onTaskFailure?: (failure: TaskFailure) => void;
}

/** What all workers of a process have in common. */
export type WorkerBase =
  & Required<Pick<SdkOptions, "connection" | "namespace" | "workflowBundle">>
  & Pick<BatcherWorkerOptions, "dataConverter" | "onTaskFailure">;

/** Options of {@linkcode createMainWorker}. */
export interface MainWorkerOptions extends SdkOptions, Pick<BatcherWorkerOptions, "onTaskFailure"> {
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

/** How long activities that run when a worker is shut down may take. */
export const SHUTDOWN_GRACE_TIME = "10s";

/** Tells workers for batchers from those with an activity of the same name. */
const batcherActivities = new WeakSet<object>();

/** Whether a worker with these activities is one that {@linkcode createBatcherWorker} creates. */
export function runsBatchers(activities: object = {}): boolean {
  return Object.values(activities).some((activity) => batcherActivities.has(activity));
}

/**
 * Creates the worker that runs batchers and their flushes.
 *
 * Without a `workflowBundle` it bundles the batcher: about two seconds, once in a process. `activities` are further ones of
 * its task queue.
 */
export async function createBatcherWorker(options: BatcherWorkerOptions): Promise<Worker> {
  const { sink, name = DEFAULT_BATCHER_NAME, onFlush, onTaskFailure, ...sdk } = options;
  const modules = sdk.interceptors?.workflowModules;
  await sendBytesAsText(BATCHER_WORKFLOW);
  const flushes = createFlushActivities(sink, onFlush, storedFromBytes(sdk.dataConverter));
  batcherActivities.add(flushes.flushBatch);
  return await createWatchedWorker({
    shutdownGraceTime: SHUTDOWN_GRACE_TIME,
    ...sdk,
    workflowBundle: sdk.workflowBundle ?? (modules ? await bundleWorkflows(WORKFLOWS, modules) : await bundleOnce()),
    dataConverter: readingReferences(sdk.dataConverter),
    taskQueue: options.taskQueue ?? taskQueuesOf(name).batcher,
    activities: { ...sdk.activities, ...flushes },
  }, onTaskFailure);
}

/** Creates the worker that runs the ready-made callers and their submits. */
export async function createMainWorker(options: MainWorkerOptions): Promise<Worker> {
  const { writer, taskQueue = MAIN_TASK_QUEUE, onTaskFailure, ...sdk } = options;
  return await createWatchedWorker({
    shutdownGraceTime: SHUTDOWN_GRACE_TIME,
    ...CALLER_SLOTS,
    ...sdk,
    dataConverter: readingReferences(sdk.dataConverter),
    taskQueue,
    activities: createMainActivities(writer),
  }, onTaskFailure);
}

/** Without a store of its own a worker still knows a reference when it meets one, and says what to set. */
function readingReferences(dataConverter: DataConverter = {}): DataConverter {
  return { externalStorage: noBodyStorage(), ...dataConverter };
}
