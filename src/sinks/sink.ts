/**
 * What a batch is, what a sink answers, and how it says that it could not.
 *
 * @module
 */

import type { LedgerIdentity } from "../protocol/messages.ts";

/** One write as a sink sees it. */
export interface SinkWrite {
  /** The caller's request id: the key of exactly-once. */
  readonly requestId: string;
  /**
   * Digest of `data` and `partitionKey` as the writer computed it: equal digests mean the same write. Digests of different
   * lengths come from different versions of the wire and cannot be compared: `isSameWrite` says what then counts.
   */
  readonly digest: string;
  /** The row as JSON text. A sink stores it as it is. */
  readonly data: string;
  /** The caller's partition key, or `null`. */
  readonly partitionKey: string | null;
  /** Names the delivery that carries this write: a whole number up to 2^53 - 1. Kept with the row. */
  readonly mark?: number;
}

/** What one flush carries. The same batch may be written again, under the same id, after a lost answer. */
export interface SinkBatch {
  readonly batchId: string;
  readonly writes: readonly SinkWrite[];
  /** The ledger that the batch is for; left out, any is right. */
  readonly ledger?: LedgerIdentity;
}

/** The write is in the ledger, by this batch. */
export interface Committed {
  readonly status: "committed";
  readonly batchId: string;
  /** ISO 8601, UTC, milliseconds; by the database's clock where it has one. */
  readonly committedAt: string;
  /** What the sink's `apply` returned for this write, where it returned something. */
  readonly result?: unknown;
}

/** The write was in the ledger before; batch, time and result are those of the first commit. */
export interface Duplicate {
  readonly status: "duplicate";
  readonly batchId: string;
  readonly committedAt: string;
  readonly result?: unknown;
  /** The mark that was stored with the row, where there is one: it tells a delivery its own row from another's. */
  readonly mark?: number;
}

/** The database refused this row. It is kept in the dead-letter table and is not in the ledger. */
export interface Rejected {
  readonly status: "rejected";
  /** A short code: the SQLSTATE, the SQLite code's name, or the name of the error that `apply` threw. */
  readonly errorType: string;
  readonly errorMessage: string;
}

/** The request id is in the ledger (or earlier in this batch) for another write. Nothing was written. */
export interface Conflict {
  readonly status: "conflict";
}

/** What became of one write. */
export type Outcome = Committed | Duplicate | Rejected | Conflict;

/**
 * Where batches go.
 *
 * A sink owns the ledger: the table of settled request ids. The ledger row and the write's effect commit in one
 * transaction, so `write` may be called any number of times with the same batch and stores each write once.
 */
export interface Sink {
  /** Where it is, fit for a log line: never holds a password. */
  readonly description: string;

  /**
   * Writes a batch in one transaction.
   *
   * It may be called again before a call has ended; which of them commits first is then not said.
   *
   * @returns One outcome for each write, in the order of the writes.
   * @throws {LedgerChangedError} If the ledger is not `batch.ledger`: checked in the transaction, before anything is
   * stored in it.
   * @throws {SinkError} If the batch as a whole could not be written; `wrote` says what is known about it.
   */
  write(batch: SinkBatch): Promise<Outcome[]>;

  /**
   * Reads which ledger this is, from the database. Both parts are 1 to 100 letters, digits, `-` and `_`; a UUID is best.
   *
   * @throws {SinkError} If it cannot.
   */
  identify(): Promise<LedgerIdentity>;

  /** Counts the rows of the ledger, in the database. */
  countCommitted(): Promise<number>;

  /** Counts how many of these request ids are in the ledger, in the database. */
  countCommittedOf(requestIds: readonly string[]): Promise<number>;

  /** Counts the rows of the dead-letter table, in the database. */
  countRejected(): Promise<number>;

  /** Closes connections and files. No call may follow. */
  close(): Promise<void>;
}

/**
 * Why a batch failed as a whole: `"setup"` needs a person (a missing table, a refused permission) and no retry helps;
 * `"unavailable"` may pass by itself (connection, timeout, lock, disk full).
 */
export type SinkErrorKind = "setup" | "unavailable";

/** A batch that could not be written as a whole. */
export class SinkError extends Error {
  override readonly name: string = "SinkError";

  /**
   * @param kind Whether a retry can help.
   * @param wrote `"no"` if the transaction certainly did not commit, `"unknown"` if the answer to its commit was lost.
   * @param message One line that says what to do; never holds a password.
   */
  constructor(readonly kind: SinkErrorKind, readonly wrote: "no" | "unknown", message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The sink's ledger is not the one that the batch is for. Nothing was written. */
export class LedgerChangedError extends SinkError {
  override readonly name = "LedgerChangedError";

  /** @param ledger The one that is there. */
  constructor(readonly ledger: LedgerIdentity, description: string) {
    super(
      "setup",
      "no",
      `${description} holds the ledger ${ledger.identity} in epoch ${ledger.epoch}, which the batch is not for`,
    );
  }
}
