/**
 * Leaves nothing behind on a server that goes on.
 *
 * @module
 */
import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "./log.ts";

/** A server lists late what was started or ended a moment ago. */
const LIST_LAG_MS = 1_000;

/** So many empty lists in a row are taken for the end. */
const EMPTY_LISTS = 2;

/** After so long something goes on starting workflows. */
const GIVE_UP_MS = 60_000;

/** What {@linkcode endWorkflows} needs to know. */
export interface EndWorkflowsOptions {
  readonly client: Client;
  readonly taskQueues: readonly string[];
  /** Shown in the history of each workflow. */
  readonly reason: string;
  readonly log: Log;
}

/**
 * Terminates every workflow that runs on these task queues, until the server lists none. Where that fails, the log says
 * what is left.
 */
export async function endWorkflows({ client, taskQueues, reason, log }: EndWorkflowsOptions): Promise<void> {
  const query = `TaskQueue IN (${taskQueues.map((name) => `"${name}"`).join(", ")}) AND ExecutionStatus = "Running"`;
  try {
    await endListed(client, query, reason);
  } catch (error) {
    log.error(`Workflows of this run are left on the server (${(error as Error).message}). To find them: ${query}`);
  }
}

async function endListed(client: Client, query: string, reason: string): Promise<void> {
  const deadlineMs = Date.now() + GIVE_UP_MS;
  for (let emptyLists = 0;;) {
    let listed = 0;
    for await (const { workflowId } of client.workflow.list({ query })) {
      listed++;
      await terminate(client, workflowId, reason);
    }
    emptyLists = listed === 0 ? emptyLists + 1 : 0;
    if (emptyLists === EMPTY_LISTS) return;
    if (Date.now() > deadlineMs) throw new Error(`still running after ${GIVE_UP_MS / 1_000} s: ${listed}`);
    await delay(LIST_LAG_MS);
  }
}

async function terminate(client: Client, workflowId: string, reason: string): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId).terminate(reason);
  } catch (error) {
    // It has ended already, and is still listed.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
