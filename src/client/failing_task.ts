/**
 * Checks whether the workflow task of a batcher fails.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import { shortMessage } from "../protocol/failures.ts";
import { shellFlag } from "../protocol/shell_flag.ts";

/** How many of the last events of a history are searched for the failure of a task. */
const LAST_EVENTS = 20;

/** A lost worker makes one attempt time out. From this attempt on the task fails repeatedly. */
const REPEATED_ATTEMPT = 3;

/**
 * Asks the server whether the workflow task of a batcher fails.
 *
 * @returns The problem and its remedy in a sentence; empty if the task does not fail, or the batcher does not run.
 */
export async function failingTaskProblem(client: Client, workflowId: string): Promise<string> {
  const { workflowService, options: { namespace } } = client;
  const execution = { workflowId };
  const { pendingWorkflowTask } = await workflowService.describeWorkflowExecution({ namespace, execution });
  const attempt = pendingWorkflowTask?.attempt ?? 0;
  if (attempt < 2) return "";
  const maximumPageSize = LAST_EVENTS;
  const request = { namespace, execution, maximumPageSize };
  const { history } = await workflowService.getWorkflowExecutionHistoryReverse(request);
  const tasks = (history?.events ?? []).values()
    .filter((event) => event.workflowTaskFailedEventAttributes || event.workflowTaskCompletedEventAttributes);
  const failure = tasks.next().value?.workflowTaskFailedEventAttributes?.failure;
  // The SDK reports a failure only at the first attempt. If a worker was lost at that one, no event has the reason.
  if (!failure && attempt < REPEATED_ATTEMPT) return "";
  const reason = failure?.message ?? `${attempt - 1} attempts have failed or timed out, and its worker's log says why`;
  const target = `${shellFlag("--namespace", namespace)} ${shellFlag("--workflow-id", workflowId)}`;
  return `the batcher '${workflowId}' cannot go on because its workflow task fails: ${shortMessage(reason)}; ` +
    "fix its worker, or terminate the batcher, which is safe (writers send pending writes again, and a repeat is not " +
    `stored twice), with: temporal workflow terminate ${target}`;
}
