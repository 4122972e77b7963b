/**
 * What people do with a ledger besides writing to it.
 *
 * @module
 */

import type { LedgerIdentity } from "../protocol/messages.ts";

/** A write that the database refused, as it is kept. */
export interface DeadLetter {
  readonly requestId: string;
  /** The row, as JSON text. */
  readonly data: string;
  readonly partitionKey: string | null;
  readonly errorType: string;
  readonly errorMessage: string;
  readonly batchId: string;
  /** ISO 8601, UTC, milliseconds. */
  readonly rejectedAt: string;
}

/** Where a page of dead letters begins: behind this one. */
export type DeadLetterPlace = Pick<DeadLetter, "rejectedAt" | "requestId">;

/** Most ledger rows that one transaction of {@linkcode SinkAdmin.pruneCommittedBefore} deletes: flushes may wait for it. */
export const PRUNE_ROWS = 10_000;

/** What {@linkcode SinkAdmin.check} has found, a line for each, with what to do. */
export interface SinkFindings {
  /** What makes writing fail; none if all is well. */
  readonly problems: readonly string[];
  /** What makes something else fail. */
  readonly notes: readonly string[];
}

/** Looks after a ledger and its dead letters. Every method throws `SinkError` when it cannot. */
export interface SinkAdmin {
  /** Where it is, fit for a log line: never holds a password. */
  readonly description: string;

  /** Looks for what would make writing fail, or upkeep. */
  check(): Promise<SinkFindings>;

  /** Counts the rows of the ledger. */
  countCommitted(): Promise<number>;

  /** Counts how many of these request ids are in the ledger. */
  countCommittedOf(requestIds: readonly string[]): Promise<number>;

  /** Counts the rows of the dead-letter table. */
  countRejected(): Promise<number>;

  /** Reads the clock that `committedAt` is from, in milliseconds since 1970: ages of rows are by that one. */
  readClockMs(): Promise<number>;

  /**
   * Counts the ledger rows from before a time.
   *
   * @param time ISO 8601, UTC, milliseconds.
   */
  countCommittedBefore(time: string): Promise<number>;

  /** Reads which ledger this is. */
  identify(): Promise<LedgerIdentity>;

  /** Reads the name of the effect that the ledger's rows go through, `null` for none. */
  readApplyName(): Promise<string | null>;

  /**
   * Gives the ledger a new epoch, so that batchers forget what they remember of it: for after a restore.
   *
   * @returns What it is called now.
   */
  renew(): Promise<LedgerIdentity>;

  /**
   * Deletes the ledger rows from before a time, {@linkcode PRUNE_ROWS} at most in one transaction. Their request ids are
   * new again then, so the ledger has a new epoch. When it fails, some of them are gone.
   *
   * @returns How many they were.
   */
  pruneCommittedBefore(time: string): Promise<number>;

  /** Lists at most `limit` dead letters, the oldest first. */
  listDeadLetters(limit: number, after?: DeadLetterPlace): Promise<DeadLetter[]>;

  /** Finds the dead letters with these request ids, in any order. */
  findDeadLetters(requestIds: readonly string[]): Promise<DeadLetter[]>;

  /** Deletes the dead letters with these request ids, and says how many they were. */
  dropDeadLetters(requestIds: readonly string[]): Promise<number>;

  /** Closes connections and files. No call may follow. */
  close(): Promise<void>;
}
