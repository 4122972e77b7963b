/**
 * What a caller hands in and what it gets back.
 *
 * @module
 */

/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };

/** One row to store. */
export interface Write {
  /** Names this write permanently: the same id is stored once, however often and from wherever it is sent. */
  readonly requestId: string;
  /** The row. Stored as JSON text. */
  readonly data: Json;
  /**
   * Writes with one key from one writer commit in the order in which they were submitted; with several shards the
   * key chooses the shard.
   */
  readonly partitionKey?: string;
}

/** The write is durably in the sink. */
export interface CommittedReceipt {
  readonly requestId: string;
  readonly status: "committed";
  /** The flush that stored it. */
  readonly batchId: string;
  /** When the sink committed it: ISO 8601, UTC, milliseconds. */
  readonly committedAt: string;
  /** What the sink's `apply` returned for this write, where it returned something. */
  readonly result?: unknown;
  /**
   * Set where there is a result, but those of the whole flush were too large for the wire. The ledger keeps it: write the
   * same again, alone, and the duplicate's receipt has it.
   */
  readonly resultOmitted?: true;
}

/** The write was durably in the sink before; batch, time and result are those of the first commit. */
export interface DuplicateReceipt {
  readonly requestId: string;
  readonly status: "duplicate";
  readonly batchId: string;
  readonly committedAt: string;
  readonly result?: unknown;
  readonly resultOmitted?: true;
}

/** The database refused this row. It is not stored; the dead-letter table keeps it with the error. */
export interface RejectedReceipt {
  readonly requestId: string;
  readonly status: "rejected";
  readonly batchId: string;
  /** The SQLSTATE, the name of the SQLite code, or the name of the error that the sink's `apply` threw. */
  readonly errorType: string;
  readonly errorMessage: string;
}

/** The result of one write. */
export type Receipt = CommittedReceipt | DuplicateReceipt | RejectedReceipt;
