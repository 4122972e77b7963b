/**
 * Bundles and workers of the laboratory.
 *
 * @module
 */
import type { Worker, WorkflowBundleWithSourceMap } from "@temporalio/worker";
import { bundleWorkflows, CALLER_SLOTS, type WorkerBase } from "../worker/create_worker.ts";
import { createWatchedWorker } from "../worker/watched_worker.ts";

/** Bundles the workflows with their rivals and with what they are measured against. */
export function bundleLabWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflows(new URL("./workflows/mod.ts", import.meta.url));
}

/** Options of {@linkcode createRivalWorker}. */
export interface RivalWorkerOptions extends WorkerBase {
  readonly taskQueue: string;
  readonly activities: object;
}

/** Creates a worker for callers or batchers of another kind, with the slots that our own callers have. */
export function createRivalWorker({ onTaskFailure, ...options }: RivalWorkerOptions): Promise<Worker> {
  return createWatchedWorker({ ...options, ...CALLER_SLOTS, shutdownGraceTime: "10s" }, onTaskFailure);
}
