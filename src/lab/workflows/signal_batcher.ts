/**
 * The rival: a batcher that is signalled requests and signals confirmations back.
 *
 * It behaves as the batcher of the public repository dallastexas92/temporal-batching-demo (Python), good and bad, and is
 * here to be compared with `batcher.ts`. In particular, as there:
 *
 * - a request id is known only while its request is pending; repeated later, it is stored again;
 * - a confirmation is signalled once. Where that fails, its caller is never told;
 * - a batch that failed goes back to the queue as a whole, without limit, whatever the callers are told meanwhile;
 * - batch and confirmation know no single row: one that the database refuses fails its whole batch.
 *
 * Differences from the original, all of them:
 *
 * - size, window and the pending requests above which it continues as new are arguments, carried over continue-as-new; there
 *   they are constants (100, 20 s and ten times 100, the defaults here);
 * - the activity writes to a table, where the original prints its rows and sleeps 0.5 s. So it is also given the batch's id,
 *   and its `write_time` is a time and not the word "simulated_timestamp";
 * - `data` may be any JSON, not only a string;
 * - a made-up request id ends in 8 hexadecimal digits of FNV-1a, as the sandbox has no MD5;
 * - what the original logs as information is not logged, warnings and errors are;
 * - workflow and activity types are called `signalBatcher` and `batchWriteToDatabase`.
 *
 * @module
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  log,
  proxyActivities,
  setHandler,
  workflowInfo,
} from "@temporalio/workflow";
import { fnv1a32 } from "../../protocol/fnv1a.ts";
import { SIGNAL_VARIANT } from "../protocol/names.ts";
import {
  type BatchResult,
  type PendingRequest,
  SIGNAL_DEFAULTS,
  type SignalBatcherInput,
  type SignalBatcherStats,
  type WriteConfirmation,
  type WriteRequest,
} from "../protocol/signal_messages.ts";

/** Hands a request in. */
export const addWriteRequestSignal = defineSignal<[WriteRequest]>(SIGNAL_VARIANT.addWriteRequest);

/** Tells a caller that its batch was stored. */
export const writeConfirmationSignal = defineSignal<[WriteConfirmation]>(SIGNAL_VARIANT.writeConfirmation);

/** Counters. */
export const signalBatcherStatsQuery = defineQuery<SignalBatcherStats>(SIGNAL_VARIANT.getStats);

/** Whether a request id is known, which it is while its request is pending. */
export const isRequestKnownQuery = defineQuery<boolean, [requestId: string]>(SIGNAL_VARIANT.isRequestProcessed);

/** The activity of the signal batcher's task queue. */
export interface BatchWriteActivities {
  batchWriteToDatabase(requests: readonly PendingRequest[], batchId: string): Promise<BatchResult>;
}

const { batchWriteToDatabase } = proxyActivities<BatchWriteActivities>({
  startToCloseTimeout: "30 seconds",
  retry: { maximumAttempts: 3, initialInterval: "1 second", backoffCoefficient: 2, maximumInterval: "10 seconds" },
});

/** By default, more pending requests than so many times the size are handed to a new run. */
const ROLL_OVER_SIZES = 10;

/** How long a roll over waits for handlers that run. */
const HANDLERS_WAIT_MS = 10_000;

/** Runs in a row after which what is pending is flushed first, so that rolling over cannot become all that is done. */
const CYCLES_MAX = 10;

const REQUIRED_FIELDS = ["workflow_id", "data", "requesting_workflow"] as const;

/** Gathers requests, flushes them, confirms them. Runs until it is terminated. */
export async function signalBatcher(input: SignalBatcherInput = {}): Promise<void> {
  const { state, size = SIGNAL_DEFAULTS.size, windowMs = SIGNAL_DEFAULTS.windowMs } = input;
  const { pendingMax = size * ROLL_OVER_SIZES } = input;
  let pending: PendingRequest[] = [...state?.pending_writes ?? []];
  const knownIds = new Set(state?.processed_request_ids);
  let batches = state?.processed_batches_count ?? 0;
  let cycle = state?.continue_as_new_count ?? 0;
  let received = 0;

  setHandler(addWriteRequestSignal, (request) => {
    if (!isRequest(request)) return;
    const now = new Date().toISOString();
    const requestId = request.request_id || madeUpId(request, now);
    if (knownIds.has(requestId)) return;
    knownIds.add(requestId);
    pending.push({ ...request, request_id: requestId, received_at: now, batch_sequence: received++ });
  });
  setHandler(isRequestKnownQuery, (requestId) => knownIds.has(requestId));
  setHandler(signalBatcherStatsQuery, () => ({
    pending_writes: pending.length,
    processed_batches: batches,
    session_signals_received: received,
    processed_request_ids_count: knownIds.size,
    continue_as_new_cycle: cycle,
    batch_size_limit: size,
    is_continue_suggested: workflowInfo().continueAsNewSuggested,
  }));

  async function flush(): Promise<void> {
    const batch = pending;
    pending = [];
    const batchId = `batch-${batches + 1}`;
    try {
      const result = await batchWriteToDatabase(batch, batchId);
      batches++;
      for (const { request_id } of batch) knownIds.delete(request_id);
      const confirmation = { ...result, batch_id: batchId, batch_size: batch.length };
      await Promise.all(batch.map((request) => confirm(request, confirmation)));
    } catch (error) {
      log.error(`Batch ${batchId} of ${batch.length} requests goes back to the queue: ${error}`);
      pending.push(...batch);
    }
  }

  if (state !== undefined && cycle >= CYCLES_MAX) {
    if (pending.length > 0) await flush();
    cycle = 0;
  }
  while (!workflowInfo().continueAsNewSuggested && pending.length <= pendingMax) {
    await condition(() => pending.length >= size, windowMs);
    if (pending.length > 0) await flush();
  }
  await condition(allHandlersFinished, HANDLERS_WAIT_MS);
  if (pending.length > 0) await flush();
  await continueAsNew<typeof signalBatcher>({
    size,
    windowMs,
    pendingMax,
    state: {
      pending_writes: pending,
      processed_batches_count: batches,
      processed_request_ids: pending.map(({ request_id }) => request_id),
      continue_as_new_count: cycle + 1,
    },
  });
}

async function confirm({ requesting_workflow }: PendingRequest, confirmation: WriteConfirmation): Promise<void> {
  if (!requesting_workflow) return log.warn("A request names no workflow to confirm to");
  try {
    await getExternalWorkflowHandle(requesting_workflow).signal(writeConfirmationSignal, confirmation);
  } catch (error) {
    log.error(`No confirmation to ${requesting_workflow}: ${error}`);
  }
}

function isRequest(request: unknown): request is WriteRequest {
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    log.error("A write request is no object");
    return false;
  }
  const missing = REQUIRED_FIELDS.filter((field) => !(field in request));
  if (missing.length > 0) log.error(`A write request lacks ${missing.join(", ")}`);
  return missing.length === 0;
}

function madeUpId({ workflow_id, data }: WriteRequest, now: string): string {
  const hash = fnv1a32(`${workflow_id}-${typeof data === "string" ? data : JSON.stringify(data)}-${now}`);
  const requestId = `${workflow_id}-${hash.toString(16).padStart(8, "0")}`;
  log.warn(`Made up request id ${requestId}`);
  return requestId;
}
