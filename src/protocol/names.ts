/**
 * Names of queues, workflows, messages and ids: the only place that spells them.
 *
 * @module
 */

/** Task queue of the callers' workflows and of their `submitWrite` activity. */
export const MAIN_TASK_QUEUE = "main-workflow-queue";

/** Task queue of the batchers and of their flushes. */
export const BATCHER_TASK_QUEUE = "batcher-queue";

/** Workflow type of a batcher. */
export const BATCHER_WORKFLOW = "batcher";

/** Workflow type of the ready-made caller. */
export const TRANSACTION_WORKFLOW = "transaction";

/** The Update that carries writes into a batcher. */
export const SUBMIT_WRITES_UPDATE = "submitWrites";

/** The signal that asks a batcher to roll over, from a writer that the server told that the run takes no more Updates. */
export const ROLL_OVER_SIGNAL = "rollOver";

/** The query for a batcher's counters and limits. */
export const GET_STATS_QUERY = "getStats";

/** The query whether a batcher remembers a request id as settled. */
export const IS_REQUEST_PROCESSED_QUERY = "isRequestProcessed";

/** The query for where a transaction stands. */
export const GET_STATUS_QUERY = "getStatus";

/** Name of the group of batchers that is used where none is given. */
export const DEFAULT_BATCHER_NAME = "batcher";

/** The task queues of batchers with this name. */
export function taskQueuesOf(name: string): { main: string; batcher: string } {
  if (name === DEFAULT_BATCHER_NAME) return { main: MAIN_TASK_QUEUE, batcher: BATCHER_TASK_QUEUE };
  return { main: `${name}/${MAIN_TASK_QUEUE}`, batcher: `${name}/${BATCHER_TASK_QUEUE}` };
}

/** Workflow id of a batcher. */
export function batcherWorkflowId(name: string, shard: number, lane: number): string {
  return `${name}/${shard}/${lane}`;
}

/** Bytes of a workflow id that the transaction of a request id may use for it. */
const REQUEST_ID_PART_BYTES_MAX = 900;

/**
 * Workflow id of the transaction that stores a write.
 *
 * @param content Tells apart different rows that claim the same request id.
 */
export function transactionWorkflowId(requestId: string, content: string): string {
  // The server counts bytes, and half of a character has none.
  const { read } = new TextEncoder().encodeInto(requestId, new Uint8Array(REQUEST_ID_PART_BYTES_MAX));
  return `transaction/${requestId.slice(0, read)}/${content}`;
}
