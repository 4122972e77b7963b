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
import { createPlainTable, startRivalWorkers } from "./rival_workers.ts";
import { shareFlushes } from "./shared_flush.ts";
import { CONFIRMATION_TIMEOUT_MS, type GatherPolicy, toldOf, type Variant } from "../variant.ts";

/** How long an attempt may take besides its window: as the batch activity of the signal variant. */
const ATTEMPT_MS = 30_000;

/** Batching inside of the worker process, without a batcher workflow. */
export const activityVariant: Variant = makeVariant({
  name: "activity",
  what: "the activities of one worker process share a statement; no batcher workflow",
  colour: { light: "#00876c", dark: "#3fd0a8" },
  noWindow: { size: 2_000, windowMs: 0 },
  storeWith: shareFlushes,
});

/** No batching: one row, one commit. */
export const directVariant: Variant = makeVariant({
  name: "direct",
  what: "each caller's activity writes its own row; no batching",
  colour: { light: "#777f88", dark: "#8d96a0" },
  noWindow: { size: 1, windowMs: 0 },
  noWindowLoad: "It gathers nothing, so that there is no window to hold a write.",
  storeWith: (insert) => {
    let commits = 0;
    return async (row) => {
      const batchId = `${Deno.pid}/${++commits}`;
      await insert(batchId, [row]);
      return batchId;
    };
  },
});

type RowVariant = Pick<Variant, "name" | "what" | "colour" | "noWindow" | "noWindowLoad"> & {
  readonly storeWith: (insert: InsertRows, policy: GatherPolicy) => StoreRow;
};

function makeVariant({ storeWith, ...facts }: RowVariant): Variant {
  const table = `${facts.name}_writes`;
  return {
    ...facts,
    method: [],
    table,
    createTable: (path) => createPlainTable(path, table),
    databaseRole: "caller",
    clockWindow: true,
    scales: true,

    startWorkers(options) {
      if (options.role === "batcher") return startRivalWorkers(options, { workers: () => [] });
      return startRivalWorkers(options, {
        table,
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

    pendingWrites: () => Promise.resolve(0),

    clientWriter: "Its write is an activity of a workflow: without one there is nothing of Temporal left to compare.",
  };
}
