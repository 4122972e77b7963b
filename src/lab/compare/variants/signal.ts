/**
 * The older way: requests and confirmations are signals.
 *
 * @module
 */
import { taskQueuesOf } from "../../../protocol/names.ts";
import { createBatchWriteActivities } from "../../activities/batch_write.ts";
import { simulateWork } from "../../../../activities/simulate_work.ts";
import {
  SIGNAL_BATCHER_ID,
  SIGNAL_BATCHER_WORKFLOW,
  SIGNAL_TRANSACTION_WORKFLOW,
  SIGNAL_VARIANT,
} from "../../protocol/names.ts";
import type { SignalBatcherStats, WriteRequest } from "../../protocol/signal_messages.ts";
import type { signalBatcher } from "../../workflows/signal_batcher.ts";
import type { signalTransaction } from "../../workflows/signal_transaction.ts";
import { createPlainTable, startRivalWorkers } from "./rival_workers.ts";
import { CONFIRMATION_TIMEOUT_MS, toldOf, type Variant, type VariantOptions } from "../variant.ts";

/** The original's, whatever the size: a batcher that flushes at the first request must not continue as new at the eleventh. */
const PENDING_MAX = 1_000;

const TABLE = "signal_writes";

/** Batched by signals. */
export const signalVariant: Variant = {
  name: "signal",
  what: "a batcher workflow; a signal in, a confirmation signal back (the original system)",
  colour: { light: "#cf4f00", dark: "#ff9248" },
  method: [
    "Without a window the batcher flushes at the first write that comes.",
    "It has the most steps that go through the queue of tasks of a shard.",
  ],
  table: TABLE,
  createTable: (path) => createPlainTable(path, TABLE),
  databaseRole: "batcher",
  // A trigger of one write: it flushes at once.
  noWindow: { size: 1, windowMs: 20_000 },
  // Its window begins when the loop of its batcher turns.
  clockWindow: false,
  scales: false,

  startWorkers(options) {
    const queues = taskQueuesOf(options.name);
    const hasBatcher = options.role !== "caller";
    return startRivalWorkers(options, {
      ...(hasBatcher && { table: TABLE }),
      workers: (insert) => [
        ...(hasBatcher ? [{ taskQueue: queues.batcher, activities: createBatchWriteActivities(insert) }] : []),
        ...(options.role !== "batcher" ? [{ taskQueue: queues.main, activities: { simulateWork } }] : []),
      ],
    });
  },

  async prepare(client, options) {
    await client.workflow.start<typeof signalBatcher>(SIGNAL_BATCHER_WORKFLOW, {
      taskQueue: taskQueuesOf(options.name).batcher,
      workflowId: batcherIdOf(options),
      args: [{ ...options.policy, pendingMax: PENDING_MAX }],
      workflowIdConflictPolicy: "USE_EXISTING",
    });
  },

  async startCaller(client, options, { workflowId, requestId, data }) {
    const { confirmationTimeoutMs = CONFIRMATION_TIMEOUT_MS } = options;
    const handle = await client.workflow.start<typeof signalTransaction>(SIGNAL_TRANSACTION_WORKFLOW, {
      taskQueue: taskQueuesOf(options.name).main,
      workflowId,
      args: [{
        data,
        batcherId: batcherIdOf(options),
        confirmationTimeoutMs,
        ...(requestId !== undefined && { requestId }),
      }],
    });
    return { workflowId, runId: handle.firstExecutionRunId };
  },

  // As the caller's own next attempt would.
  async sendAgain(client, options, { workflowId, requestId, data }) {
    const request: WriteRequest = {
      workflow_id: workflowId,
      data,
      requesting_workflow: workflowId,
      request_id: requestId,
      submitted_at: new Date().toISOString(),
      attempt: 2,
    };
    await client.workflow.getHandle(batcherIdOf(options)).signal(SIGNAL_VARIANT.addWriteRequest, request);
  },

  // No failure of this variant says that the same request may be sent again: a new run has a new request id.
  told: (client, caller) => toldOf(client, caller),

  batcherIds: (options) => [batcherIdOf(options)],

  pendingWrites: async (batcher) => (await batcher.query<SignalBatcherStats>(SIGNAL_VARIANT.getStats)).pending_writes,

  clientWriter:
    "The confirmation is a signal to the caller's workflow: a caller that is not a workflow cannot be answered.",
};

function batcherIdOf({ name }: VariantOptions): string {
  return `${name}/${SIGNAL_BATCHER_ID}`;
}
