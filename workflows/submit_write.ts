/**
 * `submitWrite` for any workflow.
 *
 * @module
 */
import { ActivityFailure, ApplicationFailure, TimeoutFailure, workflowInfo } from "@temporalio/workflow";
import { FAILURE } from "../src/protocol/failures.ts";
import type { Json, Receipt } from "../src/protocol/write.ts";
import { submitActivities } from "./activity_proxies.ts";

/** One write of a workflow. */
export interface WorkflowWrite {
  /** The row. */
  readonly data: Json;
  /**
   * Names the write for ever.
   *
   * By default it is `<workflowId>/<firstExecutionRunId>/<n>`, where n counts the workflow's writes without an id of their
   * own: it survives a retry and a reset of the workflow, so that neither stores the row twice. A run that was continued as
   * new takes the id of the run before it, and `+1`, in the place of the first run's. A workflow that continues as new *and* has a
   * retry policy must pass its own ids, as a retried run cannot tell which run of the chain it repeats: without an id its
   * write fails as `InvalidWrite`.
   */
  readonly requestId?: string;
  /** See `Write.partitionKey`. */
  readonly partitionKey?: string;
}

/** Options of {@linkcode submitWrite}. */
export interface SubmitWriteOptions {
  /**
   * How long to wait for the receipt.
   * @default {120000}
   */
  readonly confirmationTimeoutMs?: number;
}

const DEFAULT_CONFIRMATION_TIMEOUT_MS = 120_000;

let writesWithoutId = 0;

function defaultRequestId(): string {
  const { workflowId, firstExecutionRunId, continuedFromExecutionRunId, attempt } = workflowInfo();
  // The first run's ids would be those of other rows. A later attempt comes after this one, and never comes to be.
  if (attempt === 2 && continuedFromExecutionRunId !== firstExecutionRunId) {
    const message =
      "Cannot name a write as its workflow has continued as new and is retried: 'requestId' must be given";
    throw ApplicationFailure.nonRetryable(message, FAILURE.INVALID_WRITE);
  }
  // Its own run id would not survive a reset. The `+1` tells it from the run before, which may be the first.
  const continued = attempt === 1 && continuedFromExecutionRunId !== undefined;
  const run = continued ? `${continuedFromExecutionRunId}+1` : firstExecutionRunId;
  return `${workflowId}/${run}/${++writesWithoutId}`;
}

/**
 * Stores one row through the batcher and waits for its own receipt.
 *
 * The worker of the calling workflow must have the `submitWrite` activity of `createSubmitActivities`.
 *
 * @returns The receipt: `committed`, `duplicate`, or `rejected` where the database refused this row.
 * @throws {ApplicationFailure} Non-retryable, with a `type` of `FAILURE`: `InvalidWrite`, `RequestIdConflict`,
 * `Overloaded`, `WRITE_SUBMISSION_FAILED` and `DATABASE_WRITE_FAILED` mean *not written*; `WRITE_OUTCOME_UNKNOWN` and
 * `WRITE_CONFIRMATION_TIMEOUT` mean *unknown*: the same call again, with the same request id, is safe.
 */
export async function submitWrite(write: WorkflowWrite, options: SubmitWriteOptions = {}): Promise<Receipt> {
  const timeoutMs = options.confirmationTimeoutMs ?? DEFAULT_CONFIRMATION_TIMEOUT_MS;
  const input = { write: { ...write, requestId: write.requestId ?? defaultRequestId() }, timeoutMs };
  const { fast, durable } = submitActivities(timeoutMs);
  try {
    return await fast.submitWrite(input);
  } catch (error) {
    const failure = domainFailure(error);
    if (failure?.nonRetryable) throw failure;
  }
  try {
    return await durable.submitWrite(input);
  } catch (error) {
    throw asSubmitFailure(error, input.write.requestId);
  }
}

const DOMAIN_TYPES: ReadonlySet<string> = new Set(Object.values(FAILURE));

/** The failure that the activity threw on purpose, if it was one. */
function domainFailure(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof ApplicationFailure && DOMAIN_TYPES.has(cause.type ?? "") ? cause : undefined;
}

function asSubmitFailure(error: unknown, requestId: string): unknown {
  const known = domainFailure(error);
  if (known) return ApplicationFailure.nonRetryable(known.message, known.type, ...(known.details ?? []));
  if (!(error instanceof ActivityFailure)) return error;
  if (error.cause instanceof TimeoutFailure) {
    return ApplicationFailure.nonRetryable(
      `No confirmation for request id ${
        JSON.stringify(requestId)
      } in time: it may be stored; the same id again is safe`,
      FAILURE.WRITE_CONFIRMATION_TIMEOUT,
    );
  }
  return error;
}
