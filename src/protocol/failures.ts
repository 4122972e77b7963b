/**
 * What can go wrong for a caller: one `type` string and one class for each, never a message to match.
 *
 * @module
 */
import { LIMITS } from "./limits.ts";
import type { LedgerIdentity } from "./messages.ts";

/** `type` of the failures that cross Temporal. */
export const FAILURE = {
  /** The validator: not the agreed shape, or over a limit. */
  INVALID_WRITE: "InvalidWrite",
  /** The same request id with other data. */
  REQUEST_ID_CONFLICT: "RequestIdConflict",
  /** The validator: every write in it is settled; the details carry the answer. */
  ALREADY_COMMITTED: "AlreadyCommitted",
  /** The batcher has its number of writers, and this one is not among them: the next lane may have a place. */
  LANE_FULL: "LaneFull",
  /** A queue is full; the details carry `retryAfterMs`. */
  OVERLOADED: "Overloaded",
  /** The batcher still has an Update of the same writer; the details carry `retryAfterMs`. */
  WRITER_BUSY: "WriterBusy",
  /** The validator: the store of bodies does not have the body of this Update. */
  BODY_MISSING: "BodyMissing",
  /** The validator: the store of bodies does not answer for the body of this Update. */
  BODY_UNREADABLE: "BodyUnreadable",
  /** The validator: the body of this Update is stored somewhere, and the worker has no body storage. */
  BODY_STORAGE_UNCONFIGURED: "BodyStorageUnconfigured",
  /** A later part of a large write came to a batcher that does not have the parts before it: begin with the first. */
  PARTS_MISSING: "PartsMissing",
  /** A batcher was started with options that are out of their bounds. */
  INVALID_OPTIONS: "InvalidOptions",
  /** The batcher cannot continue from what its last run handed over. */
  UNKNOWN_SNAPSHOT_VERSION: "UnknownSnapshotVersion",
  /** A flush failed as a whole; the details say what is known about it. */
  SINK_FAILED: "SinkFailed",
  /** The sink of this worker writes to another ledger than the flush is for; the details name it. */
  LEDGER_CHANGED: "LedgerChanged",
  /** Workers of one task queue write to different ledgers. Certainly not written. */
  LEDGER_SPLIT: "LEDGER_SPLIT",
  /** A short attempt in a local activity is pointless; use the durable activity at once. */
  NOT_FAST: "NotFast",
  /** The ready-made transaction: the database refused its row; the details carry the receipt. */
  WRITE_REJECTED: "WRITE_REJECTED",
  /** Certainly not written. */
  DATABASE_WRITE_FAILED: "DATABASE_WRITE_FAILED",
  /** May have been written; a retry with the same request id is safe. */
  WRITE_OUTCOME_UNKNOWN: "WRITE_OUTCOME_UNKNOWN",
  /** No answer until the deadline. May have been written; a retry with the same request id is safe. */
  WRITE_CONFIRMATION_TIMEOUT: "WRITE_CONFIRMATION_TIMEOUT",
  /** The write could not be handed to a batcher: certainly not written. */
  WRITE_SUBMISSION_FAILED: "WRITE_SUBMISSION_FAILED",
} as const;

/** What is known about a write whose call failed. */
export type FailedOutcome = "not written" | "unknown";

/** A write that got no receipt. `outcome` says which of two things is true. */
export abstract class WriteError extends Error {
  /** One of {@linkcode FAILURE}. */
  abstract readonly type: string;
  /** `"unknown"`: the write may be stored, and sending it again with the same request id is safe. */
  abstract readonly outcome: FailedOutcome;
}

/** The write is not of the agreed shape or over a limit; sending it again cannot help. */
export class InvalidWriteError extends WriteError {
  override readonly name = "InvalidWriteError";
  readonly type = FAILURE.INVALID_WRITE;
  readonly outcome = "not written";
}

/** The request id is in use for other data, or for another partition key. Nothing was written by this call. */
export class RequestIdConflictError extends WriteError {
  override readonly name = "RequestIdConflictError";
  readonly type = FAILURE.REQUEST_ID_CONFLICT;
  readonly outcome = "not written";

  constructor(readonly requestId: string) {
    super(
      `Cannot write as request id ${JSON.stringify(requestId)} is in use for other data or another partition key: ` +
        "use a new id for a new write, or send the same write again",
    );
  }
}

/** A queue is full. Try again after `retryAfterMs`. */
export class OverloadedError extends WriteError {
  override readonly name = "OverloadedError";
  readonly type = FAILURE.OVERLOADED;
  readonly outcome = "not written";

  constructor(message: string, readonly retryAfterMs: number) {
    super(message);
  }
}

/** The database did not store the write, for certain. */
export class DatabaseWriteFailedError extends WriteError {
  override readonly name = "DatabaseWriteFailedError";
  readonly type = FAILURE.DATABASE_WRITE_FAILED;
  readonly outcome = "not written";
}

/** Workers of one task queue write to different ledgers, so nothing is stored until all of them have the same sink. */
export class LedgerSplitError extends WriteError {
  override readonly name = "LedgerSplitError";
  readonly type = FAILURE.LEDGER_SPLIT;
  readonly outcome = "not written";
}

/** The write may be stored or not. Sending it again with the same request id is safe. */
export class WriteOutcomeUnknownError extends WriteError {
  override readonly name = "WriteOutcomeUnknownError";
  readonly type = FAILURE.WRITE_OUTCOME_UNKNOWN;
  readonly outcome = "unknown";
}

/** No answer came until the deadline. */
export class WriteConfirmationTimeoutError extends WriteError {
  override readonly name = "WriteConfirmationTimeoutError";
  readonly type = FAILURE.WRITE_CONFIRMATION_TIMEOUT;

  constructor(message: string, readonly outcome: FailedOutcome) {
    super(message);
  }
}

/** The write could not be handed to a batcher: set-up, permission, or a writer that is closed. */
export class WriteSubmissionFailedError extends WriteError {
  override readonly name = "WriteSubmissionFailedError";
  readonly type = FAILURE.WRITE_SUBMISSION_FAILED;

  constructor(message: string, readonly outcome: FailedOutcome, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The body of the write was stored outside of the history, and its batcher does not find it there. */
export class BodyMissingError extends WriteError {
  override readonly name = "BodyMissingError";
  readonly type = FAILURE.BODY_MISSING;

  constructor(message: string, readonly outcome: FailedOutcome) {
    super(message);
  }
}

/** Details of an `Overloaded` and of a `WriterBusy` failure. */
export interface OverloadedDetails {
  readonly retryAfterMs: number;
}

/** Details of a `RequestIdConflict` failure: which ids of the Update are in use for other data. */
export interface ConflictDetails {
  readonly requestIds: readonly string[];
}

/** Details of a `SinkFailed` failure. */
export interface SinkFailedDetails {
  readonly wrote: "no" | "unknown";
}

/** Details of the failure that the `submitWrite` activity makes of a {@linkcode WriteError}. */
export interface WriteFailureDetails {
  readonly outcome: FailedOutcome;
}

/** Failures that mean the same whoever throws them. */
const NOT_WRITTEN_TYPES: ReadonlySet<string> = new Set([
  FAILURE.INVALID_WRITE,
  FAILURE.REQUEST_ID_CONFLICT,
  FAILURE.OVERLOADED,
  FAILURE.WRITE_REJECTED,
  FAILURE.DATABASE_WRITE_FAILED,
  FAILURE.LEDGER_SPLIT,
]);

/** What a failed transaction, or `submitWrite`, says of its write: {@linkcode WriteFailureDetails} where it has them. */
export function failedOutcome(
  { type, details }: { readonly type?: string | null; readonly details?: unknown[] | null },
): FailedOutcome {
  const outcome = (details?.[0] as Partial<WriteFailureDetails> | null | undefined)?.outcome;
  return outcome ?? (NOT_WRITTEN_TYPES.has(type ?? "") ? "not written" : "unknown");
}

/** Details of a `LedgerChanged` failure. */
export interface LedgerChangedDetails extends SinkFailedDetails {
  readonly ledger: LedgerIdentity;
}

/** Shortens an error message to what a receipt may carry. */
export function shortMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const short = text.length <= LIMITS.errorMessageCharsMax
    ? text
    : `${text.slice(0, LIMITS.errorMessageCharsMax - 1)}…`;
  // Half of a surrogate pair, as a cut may leave behind, has no UTF-8, and a failure with it would not pass the wire.
  return short.toWellFormed();
}
