/**
 * A workflow's way into the writer of its worker.
 *
 * @module
 */
import { activityInfo, cancellationSignal, heartbeat } from "@temporalio/activity";
import { ApplicationFailure, ApplicationFailureCategory } from "@temporalio/common";
import type { BatchWriter } from "../src/client/batch_writer.ts";
import { FAILURE, WriteError, type WriteFailureDetails } from "../src/protocol/failures.ts";
import type { Receipt } from "../src/protocol/write.ts";
import type { SubmitWriteInput } from "../src/protocol/activities.ts";

/** How often a durable submit beats: below its heartbeat timeout, which is 30 s, and no sooner than it must. */
export const HEARTBEAT_EVERY_MS = 20_000;

/** A window beyond this would outlast the fast attempt: waiting in it would only hold the caller's workflow task. */
const FAST_WINDOW_MS_MAX = 1_000;

/**
 * Makes the `submitWrite` activity.
 *
 * @param writer The writer that all callers of the process share: what gathers their writes.
 */
export function createSubmitWrite(writer: BatchWriter): (input: SubmitWriteInput) => Promise<Receipt> {
  return async ({ write, timeoutMs, mayBeStored = false }) => {
    const { isLocal, attempt } = activityInfo();
    if (isLocal && writer.options.windowMs + writer.options.gatherMs > FAST_WINDOW_MS_MAX) {
      throw notFast("Window and gathering are longer than a fast attempt", FAILURE.NOT_FAST);
    }
    const beat = isLocal ? undefined : setInterval(() => heartbeat(), HEARTBEAT_EVERY_MS);
    try {
      return await writer.write(write, { timeoutMs, signal: cancellationSignal() });
    } catch (error) {
      throw asFailure(error, isLocal, mayBeStored || attempt > 1);
    } finally {
      clearInterval(beat);
    }
  };
}

/** What the durable attempt makes good: the SDK is to log it as a detail and not as a warning. */
function notFast(message: string, type: string, ...details: WriteFailureDetails[]): ApplicationFailure {
  return ApplicationFailure.create({ message, type, details, category: ApplicationFailureCategory.BENIGN });
}

/**
 * @param mayBeStored Whether an attempt before this one may have stored the write: its own writer knows of none of them.
 */
function asFailure(error: unknown, isLocal: boolean, mayBeStored: boolean): unknown {
  if (!(error instanceof WriteError)) return error;
  const { type, message, outcome } = error;
  const unknown: WriteFailureDetails = { outcome: "unknown" };
  // Only what is unknown is worth another attempt, and that one is safe: the request id is the same.
  if (outcome === "unknown") {
    return isLocal ? notFast(message, type, unknown) : ApplicationFailure.retryable(message, type, unknown);
  }
  if (!mayBeStored || type === FAILURE.INVALID_WRITE) {
    const details: WriteFailureDetails[] = [{ outcome }];
    // A conflict is the caller's own, and its workflow tells: the SDK is to log it as a detail and not as a warning.
    const isConflict = type === FAILURE.REQUEST_ID_CONFLICT;
    return ApplicationFailure.create({
      message,
      type,
      nonRetryable: true,
      details,
      ...(isConflict && { category: ApplicationFailureCategory.BENIGN }),
    });
  }
  // A queue that is full now may have room soon; then it comes out.
  if (type === FAILURE.OVERLOADED) return ApplicationFailure.retryable(message, FAILURE.WRITE_OUTCOME_UNKNOWN, unknown);
  return ApplicationFailure.nonRetryable(
    `An attempt before may have stored it, and the same request id again is safe: ${type}: ${message}`,
    FAILURE.WRITE_OUTCOME_UNKNOWN,
    unknown,
  );
}
