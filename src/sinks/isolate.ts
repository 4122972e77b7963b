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
 * Writes `count` rows and isolates those that are refused, by halving each range that fails.
 *
 * Rows are kept in order: a row's successful attempt comes after those of all rows before it. With `b` refused rows
 * there are at most `1 + 2 * b * ceil(log2(count))` attempts, and never more than `2 * count - 1`; without a
 * refused row there is one.
 *
 * @param count How many rows there are; with 0 there is no attempt.
 * @param attempt Called for one range at a time.
 * @returns One entry for each row, in order.
 * @throws Whatever `attempt` throws that is not a {@linkcode RowFault}.
 */
export async function isolate<T>(count: number, attempt: Attempt<T>): Promise<Isolated<T>[]> {
  const rows: Isolated<T>[] = [];

  /** Appends the range's rows; says whether a row was refused. `mustFail` saves an attempt whose end is known. */
  async function visit(start: number, end: number, mustFail: boolean): Promise<boolean> {
    const single = end - start === 1;
    if (single || !mustFail) {
      const fault = await keep(start, end);
      if (fault === undefined) return false;
      if (single) {
        rows.push({ fault });
        return true;
      }
    }
    const middle = start + Math.ceil((end - start) / 2);
    const leftFailed = await visit(start, middle, false);
    // The whole range failed: if its left half did not, the fault is in the right half.
    const rightFailed = await visit(middle, end, !leftFailed);
    return leftFailed || rightFailed;
  }

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

  if (count > 0) await visit(0, count, false);
  return rows;
}
