/**
 * `submitWrite` for any workflow.
 *
 * @module
 */
import { ActivityFailure, ApplicationFailure, TimeoutFailure, workflowInfo } from "@temporalio/workflow";
import { FAILURE, type WriteFailureDetails } from "../src/protocol/failures.ts";
import { CONFIRMATION_TIMEOUT_BOUNDS_MS, wholeNumberProblem } from "../src/protocol/options.ts";
import type { Json, Receipt } from "../src/protocol/write.ts";
import { submitActivities } from "./activity_proxies.ts";

/** One write of a workflow. */
export interface WorkflowWrite {
  /** The row. */
  readonly data: Json;
  /**
   * Names the write permanently.
   *
   * By default it is `<workflowId>/<firstExecutionRunId>/<n>`, where n counts the workflow's writes without an id of their
   * own: it survives a retry and a reset of the workflow, so that neither stores the row twice. A run that was continued as
   * new takes the id of the run before it, and `+1`, in the place of the first run's. A workflow that continues as new *and*
   * has a retry policy must pass its own ids, as a retried run cannot tell which run of the chain it repeats. Without an
   * id a write of its second attempt fails as `InvalidWrite`; a later attempt cannot even tell that, and its write may be
   * taken for the one of an earlier run, and not be stored.
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
  // The first run's ids would be those of other rows. What a third attempt knows is the same in both cases.
  if (attempt === 2 && continuedFromExecutionRunId !== firstExecutionRunId) {
    const message =
      "Cannot name a write as its workflow has continued as new and is retried: 'requestId' must be given";
    const details: WriteFailureDetails = { outcome: "not written" };
    throw ApplicationFailure.nonRetryable(message, FAILURE.INVALID_WRITE, details);
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
 * `Overloaded` and `DATABASE_WRITE_FAILED` mean *not written*; `WRITE_OUTCOME_UNKNOWN` means *unknown*: the same call
 * again, with the same request id, is safe. For all others, `outcome` of the first of its details says which is true.
 */
export async function submitWrite(write: WorkflowWrite, options: SubmitWriteOptions = {}): Promise<Receipt> {
  const timeoutMs = options.confirmationTimeoutMs ?? DEFAULT_CONFIRMATION_TIMEOUT_MS;
  const problem = typeof write !== "object" || write === null
    ? "the write must be an object"
    : wholeNumberProblem("confirmationTimeoutMs", timeoutMs, ...CONFIRMATION_TIMEOUT_BOUNDS_MS);
  // The server would fail the workflow task for such a timeout, again and again.
  if (problem !== undefined) {
    const details: WriteFailureDetails = { outcome: "not written" };
    throw ApplicationFailure.nonRetryable(`Cannot write as ${problem}`, FAILURE.INVALID_WRITE, details);
  }
  const input = { write: { ...write, requestId: write.requestId ?? defaultRequestId() }, timeoutMs };
  const { fast, durable } = submitActivities(timeoutMs);
  let mayBeStored = true;
  try {
    return await fast.submitWrite(input);
  } catch (error) {
    const failure = domainFailure(error);
    if (failure?.nonRetryable) throw failure;
    mayBeStored = failure?.type !== FAILURE.NOT_FAST;
  }
  try {
    return await durable.submitWrite({ ...input, mayBeStored });
  } catch (error) {
    throw asSubmitFailure(error, input.write.requestId);
  }
}

const DOMAIN_TYPES: ReadonlySet<string> = new Set(Object.values(FAILURE));

/** The failure that the activity threw on purpose, if it was one. */
function domainFailure(error: unknown): ApplicationFailure | undefined {
  // That of a local activity comes as it is, that of a regular one inside of another.
  const cause = error instanceof ActivityFailure ? error.cause : error;
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
      { outcome: "unknown" } satisfies WriteFailureDetails,
    );
  }
  return error;
}
