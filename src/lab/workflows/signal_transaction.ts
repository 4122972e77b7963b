/**
 * The rival's caller: signals its row to the signal batcher and waits for the confirmation signal.
 *
 * It behaves as the main workflow of the public repository dallastexas92/temporal-batching-demo (Python).
 *
 * Differences from the original, all of them:
 *
 * - batcher, confirmation timeout and duration of the simulated work are arguments; there they are `batcher-main`, 2 minutes
 *   and 1 to 3 s. Without a duration there are no such steps, as in `transaction.ts`;
 * - a request id may be given, so that a duplicate can be sent on purpose; by default it is the original's;
 * - the row may be any JSON, not only a string;
 * - the result also says how long the confirmation took and, by themselves, batch and request id;
 * - the simulated work takes a random time within those bounds, where the original's depends on the workflow's id, and beats;
 * - what the original logs as information is not logged, errors are; their words, and those of failures, are our own;
 * - the workflow's type is `signalTransaction`.
 *
 * @module
 */
import {
  ApplicationFailure,
  condition,
  defineQuery,
  getExternalWorkflowHandle,
  log,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from "@temporalio/workflow";
import { SIGNAL_BATCHER_ID, SIGNAL_VARIANT } from "../protocol/names.ts";
import {
  SIGNAL_DEFAULTS,
  SIGNAL_FAILURE,
  type SignalTransactionStatus,
  type WriteConfirmation,
  type WriteRequest,
} from "../protocol/signal_messages.ts";
import type { Json } from "../../protocol/write.ts";
import type { WorkActivities } from "../../protocol/activities.ts";
import { addWriteRequestSignal, writeConfirmationSignal } from "./signal_batcher.ts";

/** Argument of a signal transaction. */
export interface SignalTransactionInput {
  /** The row. */
  readonly data: Json;
  /** @default `<workflowId>-<runId>-write-request` */
  readonly requestId?: string;
  /**
   * Workflow id of the batcher.
   * @default {"batcher-main"}
   */
  readonly batcherId?: string;
  /** Least and most duration of each of the two simulated steps. Left out: no steps at all. */
  readonly workMs?: readonly [min: number, max: number];
  /** @default {120000} */
  readonly confirmationTimeoutMs?: number;
}

/** Result of a signal transaction. */
export interface SignalTransactionResult {
  /** What the original returns. */
  readonly message: string;
  readonly batchId: string;
  readonly requestId: string;
  /** How long the transaction waited for its confirmation, as its history tells. */
  readonly waitMs: number;
}

/** Where a signal transaction stands. */
export const signalTransactionStatusQuery = defineQuery<SignalTransactionStatus>(SIGNAL_VARIANT.getStatus);

const { simulateWork } = proxyActivities<WorkActivities>({
  startToCloseTimeout: "10 seconds",
  retry: { maximumAttempts: 3 },
});

const SUBMIT_ATTEMPTS_MAX = 3;

/** The server's word for a workflow that is not there; it has no code of its own. */
const NOT_FOUND = "not found";

/**
 * Runs one transaction.
 *
 * @throws {ApplicationFailure} Non-retryable, with a `type` of `SIGNAL_FAILURE`.
 */
export async function signalTransaction(input: SignalTransactionInput): Promise<SignalTransactionResult> {
  const { confirmationTimeoutMs = SIGNAL_DEFAULTS.confirmationTimeoutMs } = input;
  const { workflowId, runId } = workflowInfo();
  let requestId: string | null = null;
  let confirmation: WriteConfirmation | null = null;
  setHandler(writeConfirmationSignal, (result) => {
    if (typeof result === "object" && result !== null && !Array.isArray(result)) confirmation = result;
    else log.error("A write confirmation is no object");
  });
  setHandler(signalTransactionStatusQuery, () => ({
    workflow_id: workflowId,
    request_id: requestId,
    write_completed: confirmation !== null,
    write_result: confirmation,
    current_time: new Date().toISOString(),
  }));

  const initial = await step("initial_processing", input.workMs);
  requestId = input.requestId ?? `${workflowId}-${runId}-write-request`;
  const submittedAt = Date.now();
  if (!await submit(input, requestId)) {
    throw ApplicationFailure.nonRetryable(
      "The write request could not be signalled to the batcher",
      SIGNAL_FAILURE.SIGNAL_DELIVERY_FAILED,
    );
  }
  if (!await condition(() => confirmation !== null, confirmationTimeoutMs)) {
    throw ApplicationFailure.nonRetryable(
      `No confirmation of the database write within ${confirmationTimeoutMs} ms`,
      SIGNAL_FAILURE.WRITE_CONFIRMATION_TIMEOUT,
    );
  }
  const waitMs = Date.now() - submittedAt;
  const { status, batch_id: batchId } = confirmation! as WriteConfirmation;
  if (status !== "success") {
    throw ApplicationFailure.nonRetryable(
      `The database write failed: ${JSON.stringify(confirmation)}`,
      SIGNAL_FAILURE.DATABASE_WRITE_FAILED,
    );
  }
  const final = await step("final_processing", input.workMs);
  const message = `TRANSACTION_SUCCESS: Workflow ${workflowId} completed: ${initial} -> ` +
    `DB Write (batch: ${batchId}, request: ${requestId}) -> ${final}`;
  return { message, batchId, requestId, waitMs };
}

/** Signals the request to the batcher, three times at most; says whether the server took it. */
async function submit({ data, batcherId = SIGNAL_BATCHER_ID }: SignalTransactionInput, requestId: string) {
  const { workflowId } = workflowInfo();
  for (let attempt = 1;; attempt++) {
    const request: WriteRequest = {
      workflow_id: workflowId,
      data,
      requesting_workflow: workflowId,
      request_id: requestId,
      submitted_at: new Date().toISOString(),
      attempt,
    };
    try {
      await getExternalWorkflowHandle(batcherId).signal(addWriteRequestSignal, request);
      return true;
    } catch (error) {
      log.error(`Cannot signal ${batcherId} (attempt ${attempt} of ${SUBMIT_ATTEMPTS_MAX}): ${error}`);
      if (attempt === SUBMIT_ATTEMPTS_MAX) return false;
      await sleep(String(error).toLowerCase().includes(NOT_FOUND) ? 1_000 * 2 ** (attempt - 1) : 1_000);
    }
  }
}

async function step(name: string, workMs: SignalTransactionInput["workMs"]): Promise<string> {
  if (workMs === undefined) return `No ${name}`;
  const [min, max] = workMs;
  await simulateWork(Math.round(min + Math.random() * (max - min)));
  return `Completed ${name} for workflow ${workflowInfo().workflowId}`;
}
