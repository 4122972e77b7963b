/**
 * Finds the rows that a database refuses, and keeps all the others.
 *
 * @module
 */

import { escapeLoneSurrogates } from "./storable_text.ts";

/** Longest `errorMessage` that is kept, in UTF-16 code units: a message that quotes a huge row must not travel. */
export const ERROR_MESSAGE_CHARS_MAX = 1_000;

/** Longest `errorType` that is kept, in UTF-16 code units. */
export const ERROR_TYPE_CHARS_MAX = 100;

/**
 * The database, or `apply`, refused one of the rows that it was given.
 *
 * Any other error means that the batch as a whole failed, and ends the isolation.
 */
export class RowFault extends Error {
  override readonly name = "RowFault";
  /** A short code: the SQLSTATE, the SQLite code's name, or the name of the error that `apply` threw. */
  readonly errorType: string;

  /**
   * @param errorType Cut to {@linkcode ERROR_TYPE_CHARS_MAX}.
   * @param message Cut to {@linkcode ERROR_MESSAGE_CHARS_MAX}.
   */
  constructor(errorType: string, message: string, options?: ErrorOptions) {
    super(escapeLoneSurrogates(message.slice(0, ERROR_MESSAGE_CHARS_MAX)), options);
    this.errorType = escapeLoneSurrogates(errorType.slice(0, ERROR_TYPE_CHARS_MAX));
  }
}

/** What became of one row: the value that its attempt returned, or the fault that refuses it. */
export type Isolated<T> =
  | { readonly fault?: undefined; readonly value: T }
  | { readonly fault: RowFault; readonly value?: undefined };

/**
 * Writes the rows `start` up to, not including, `end`, all or none.
 *
 * @returns One value for each row, in order.
 * @throws {RowFault} If one of these rows is refused; whatever the attempt did must then be undone.
 */
export type Attempt<T> = (start: number, end: number) => Promise<readonly T[]>;

/**
 * Writes `count` rows and isolates those that are refused.
 *
 * A range that fails is halved until its first refused row is found. After the first one comes all that is left; after
 * more of them a range so long that half of such ranges hold one, if they go on as they were.
 *
 * Rows are kept in order: a row's successful attempt comes after those of all rows before it. One refused row costs at
 * most `2 + ceil(log2(count))` attempts more than the one without any, `b` of them at most `2 * b` times as many, and all
 * attempts are at most `2.5 * count`.
 *
 * @param count How many rows there are; with 0 there is no attempt.
 * @param attempt Called for one range at a time.
 * @param mustFail Whether an attempt for all rows has failed already; it is not made again then.
 * @returns One entry for each row, in order.
 * @throws Whatever `attempt` throws that is not a {@linkcode RowFault}.
 */
export async function isolate<T>(count: number, attempt: Attempt<T>, mustFail = false): Promise<Isolated<T>[]> {
  const rows: Isolated<T>[] = [];
  let refused = 0;
  let size = count;
  /** Ranges without a refused row, since the last one that had one. */
  let inARow = 0;
  /** End of a range that holds a refused row, and begins where the next attempt does. */
  let failedEnd = mustFail ? count : 0;

  async function keep(start: number, end: number): Promise<RowFault | undefined> {
    try {
      const values = await attempt(start, end);
      if (values.length !== end - start) {
        throw new RangeError(`Cannot match rows ${start} to ${end} with their ${values.length} values`);
      }
      for (const value of values) rows.push({ value });
      return undefined;
    } catch (error) {
      if (error instanceof RowFault) return error;
      throw error;
    }
  }

  while (rows.length < count) {
    const start = rows.length;
    if (failedEnd > start) size = Math.ceil((failedEnd - start) / 2);
    const end = Math.min(start + size, count);
    const fault = await keep(start, end);
    if (fault === undefined) {
      if (++inARow > 1) size *= 2;
      continue;
    }
    inARow = 0;
    if (end - start > 1) {
      failedEnd = end;
    } else {
      rows.push({ fault });
      failedEnd = 0;
      size = ++refused === 1 ? count : Math.max(1, Math.floor(Math.LN2 * rows.length / refused));
    }
  }
  return rows;
}
