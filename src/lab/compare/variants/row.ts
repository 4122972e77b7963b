/**
 * Callers whose own activities write: each row by itself, or sharing commits inside of one worker process.
 *
 * @module
 */
import { taskQueuesOf } from "../../../protocol/names.ts";
import type { InsertRows } from "../../activities/batch_write.ts";
import { createRowActivities, type StoreRow } from "../../activities/write_row.ts";
import { ROW_TRANSACTION_WORKFLOW } from "../../protocol/names.ts";
import type { rowTransaction } from "../../workflows/row_transaction.ts";
import { startRivalWorkers } from "../rival_workers.ts";
import { shareFlushes } from "../shared_flush.ts";
import { CONFIRMATION_TIMEOUT_MS, type GatherPolicy, toldOf, type Variant } from "../variant.ts";

/** How long an attempt may take besides its window: as the batch activity of the signal variant. */
const ATTEMPT_MS = 30_000;

/** No batching: one row, one commit. */
export const directVariant: Variant = makeVariant("direct", (insert) => {
  let commits = 0;
  return async (row) => {
    const batchId = `${Deno.pid}/${++commits}`;
    await insert(batchId, [row]);
    return batchId;
  };
});

/** Batching inside of the worker process, without a batcher workflow. */
export const activityVariant: Variant = makeVariant("activity", shareFlushes);

function makeVariant(
  name: "activity" | "direct",
  storeWith: (insert: InsertRows, policy: GatherPolicy) => StoreRow,
): Variant {
  return {
    name,
    databaseRole: "caller",

    startWorkers(options) {
      if (options.role === "batcher") return startRivalWorkers(options, { workers: () => [] });
      return startRivalWorkers(options, {
        table: `${name}_writes`,
        workers: (insert) => [{
          taskQueue: taskQueuesOf(options.name).main,
          activities: createRowActivities(storeWith(insert, options.policy)),
        }],
      });
    },

    prepare: () => Promise.resolve(),

    async startCaller(client, options, { workflowId, requestId = workflowId, data }) {
      const { policy, confirmationTimeoutMs = CONFIRMATION_TIMEOUT_MS } = options;
      const handle = await client.workflow.start<typeof rowTransaction>(ROW_TRANSACTION_WORKFLOW, {
        taskQueue: taskQueuesOf(options.name).main,
        workflowId,
        args: [{ row: { requestId, data }, confirmationTimeoutMs, attemptMs: ATTEMPT_MS + policy.windowMs }],
      });
      return { workflowId, runId: handle.firstExecutionRunId };
    },

    // A failed activity says nothing about its write, and the same request again would store it again.
    told: (client, caller) => toldOf(client, caller),

    batcherIds: () => [],

    clientWriter: "Its write is an activity of a workflow: without one there is nothing of Temporal left to compare.",
  };
}
