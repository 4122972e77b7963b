/**
 * Settles calls: each gets its receipt or its error.
 *
 * @module
 */
import {
  BodyMissingError,
  DatabaseWriteFailedError,
  FAILURE,
  LedgerSplitError,
  RequestIdConflictError,
  WriteOutcomeUnknownError,
  WriteSubmissionFailedError,
} from "../protocol/failures.ts";
import type { WriteReceipt } from "../protocol/receipt_runs.ts";
import type { PendingCall } from "./pending_call.ts";

/** Fails calls for a wrong set-up, each with the outcome that is known. */
export function failSetup(batch: readonly PendingCall[], message: string): void {
  for (const call of batch) {
    const outcome = call.sent ? "unknown" : "not written";
    call.reject(new WriteSubmissionFailedError(`Cannot hand the write to a batcher: ${message}`, outcome));
  }
}

/** The error of a call whose batcher cannot find the body. */
export function bodyMissing({ requestId, sent }: PendingCall, message: string): BodyMissingError {
  const text = `Request id ${JSON.stringify(requestId)} could not be handed to a batcher: ${message}`;
  return new BodyMissingError(text, sent ? "unknown" : "not written");
}

/** Gives a call its receipt, or the error that its receipt stands for. */
export function settle(call: PendingCall, receipt: WriteReceipt): void {
  const { requestId } = call;
  switch (receipt.status) {
    case "committed":
    case "duplicate":
      return call.resolve({ requestId, ...receipt });
    case "rejected": {
      const { batchId, errorType, errorMessage } = receipt;
      return call.resolve({ requestId, status: "rejected", batchId, errorType, errorMessage });
    }
    case "conflict":
      return call.reject(new RequestIdConflictError(requestId));
    case "failed":
      // The receipt is about its own flush only; an earlier one may have stored the row.
      if (call.mayBeStored) return call.reject(outcomeUnknown(requestId, receipt.errorMessage));
      if (receipt.errorType === FAILURE.LEDGER_SPLIT) {
        return call.reject(
          new LedgerSplitError(`Request id ${JSON.stringify(requestId)} is not stored: ${receipt.errorMessage}`),
        );
      }
      return call.reject(
        new DatabaseWriteFailedError(`Request id ${JSON.stringify(requestId)} is not stored: ${receipt.errorMessage}`),
      );
    case "unknown":
      return call.reject(outcomeUnknown(requestId, receipt.errorMessage));
  }
}

/** The error of a call whose write may be stored. */
export function outcomeUnknown(requestId: string, reason: string): WriteOutcomeUnknownError {
  return new WriteOutcomeUnknownError(
    `Request id ${JSON.stringify(requestId)} may be stored, and writing it again with the same id is safe: ${reason}`,
  );
}
