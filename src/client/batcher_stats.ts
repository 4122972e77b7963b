/**
 * The counters and limits of a batcher.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import type { BatcherStats } from "../protocol/messages.ts";
import { batcherWorkflowId, DEFAULT_BATCHER_NAME, GET_STATS_QUERY } from "../protocol/names.ts";

/** Names a batcher. */
export interface BatcherAddress {
  /** @default {"batcher"} */
  readonly name?: string;
  /** @default {0} */
  readonly shard?: number;
  /** @default {0} */
  readonly lane?: number;
}

/**
 * Queries a batcher for its counters and limits. One of its workers answers; the query leaves no event in the history.
 *
 * @throws {WorkflowNotFoundError} If there is no such batcher.
 */
export function batcherStats(client: Client, address: BatcherAddress = {}): Promise<BatcherStats> {
  const { name = DEFAULT_BATCHER_NAME, shard = 0, lane = 0 } = address;
  return client.workflow.getHandle(batcherWorkflowId(name, shard, lane)).query<BatcherStats>(GET_STATS_QUERY);
}
