/**
 * Whether a batcher has come to rest: only then is no row still to come.
 *
 * @module
 */
import { type Client, isGrpcServiceError, type WorkflowHandle, WorkflowNotFoundError } from "@temporalio/client";
import type { BatcherStats } from "../../../protocol/messages.ts";
import { GET_STATS_QUERY } from "../../../protocol/names.ts";
import { SIGNAL_VARIANT } from "../../protocol/names.ts";
import type { SignalBatcherStats } from "../../protocol/signal_messages.ts";
import type { VariantName } from "../report_data.ts";

/** How long one look may take; a worker that starts answers late. */
const LOOK_MS = 5_000;

/** How many writes a batcher has that are not settled. */
const PENDING: Readonly<Record<VariantName, (batcher: WorkflowHandle) => Promise<number>>> = {
  update: async (batcher) => (await batcher.query<BatcherStats>(GET_STATS_QUERY)).pendingWrites,
  signal: async (batcher) => (await batcher.query<SignalBatcherStats>(SIGNAL_VARIANT.getStats)).pending_writes,
  // They have no batcher: their rows are written while their callers run.
  activity: () => Promise.resolve(0),
  direct: () => Promise.resolve(0),
};

/** Says whether a batcher has nothing pending and no activity under way. One that does not run is at rest. */
export async function isAtRest(client: Client, variant: VariantName, workflowId: string): Promise<boolean> {
  const batcher = client.workflow.getHandle(workflowId);
  try {
    return await client.withDeadline(Date.now() + LOOK_MS, async () => {
      const before = await batcher.describe();
      if (before.status.name !== "RUNNING") return true;
      if (before.raw.pendingActivities?.length) return false;
      if (await PENDING[variant](batcher) > 0) return false;
      // A flush that began and failed between two looks has put its batch back by now.
      const after = await batcher.describe();
      return after.runId === before.runId && after.historyLength === before.historyLength;
    });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    if (isGrpcServiceError(error)) return false;
    throw error;
  }
}
