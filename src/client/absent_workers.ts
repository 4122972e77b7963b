/**
 * Does anybody work for the batchers?
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import { msOf } from "./server_time.ts";

/** A poller that has not been heard of for so long is gone: each one asks again at least once a minute. */
const POLLER_SILENCE_MS = 70_000;

/**
 * A task that waits for so long meets no poller. The server lists a worker for minutes after its end, but with a task in
 * the queue a worker that polls is heard of all the time.
 */
const WAITING_TASK_MS = 3_000;

/** Whether a worker polls a task queue for workflows. */
export async function isPolled(client: Client, taskQueue: string): Promise<boolean> {
  const { pollers, stats } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 1, // TASK_QUEUE_TYPE_WORKFLOW
    reportStats: true,
  });
  const taskWaits = msOf(stats?.approximateBacklogAge) >= WAITING_TASK_MS;
  const heardAfterMs = Date.now() - (taskWaits ? WAITING_TASK_MS : POLLER_SILENCE_MS);
  return pollers.some(({ lastAccessTime }) => msOf(lastAccessTime) > heardAfterMs);
}

/** Asks the server whether any worker polls a task queue. @returns What is the matter; empty if one does. */
export async function absentWorkersProblem(client: Client, taskQueue: string): Promise<string> {
  return await isPolled(client, taskQueue) ? "" : `no worker polls task queue ${taskQueue}`;
}
