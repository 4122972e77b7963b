/**
 * The user's own effect of a batch, in the transaction that also writes the ledger.
 *
 * @module
 */

import { RowFault } from "./isolate.ts";
import { SinkError, type SinkWrite } from "./sink.ts";

/** How long an `apply` that returned a promise may take, by default, in milliseconds. */
export const APPLY_TIMEOUT_MS = 10_000;

/** A write that is not in the ledger yet, as `apply` sees it. */
export interface NewWrite {
  readonly requestId: string;
  /** The row: the value of the JSON text that was sent. */
  readonly data: unknown;
  readonly partitionKey: string | null;
}

/** Nothing, or one JSON value (or `undefined`) for each write, in order. */
export type ApplyResults = void | readonly unknown[];

/**
 * Applies new writes to the user's own tables.
 *
 * It is called with writes that were never committed, in the order of the batch, and its effect commits together with
 * their ledger rows or not at all. It may be called several times for one batch, with parts of it: when it throws, its
 * effect is undone and halves are tried, until the write that it throws for is found. That one alone is rejected.
 * So it must have no effect but through `tx`, and must not call the sink.
 *
 * To say that the database is at fault and not a row, let it throw a {@linkcode SinkError}.
 *
 * @returns What to answer each caller with: kept in the ledger, and repeated to later duplicates.
 */
export type Apply<Tx> = (tx: Tx, writes: readonly NewWrite[]) => ApplyResults | Promise<ApplyResults>;

/**
 * Calls `apply` and checks what it returns.
 *
 * @param timeoutMs Limit for an `apply` that returned a promise.
 * @returns JSON text, or `null` for no result, for each write.
 * @throws {RowFault} If `apply` throws, or a row or a result is not JSON.
 * @throws {SinkError} If `apply` throws one, takes too long, or returns results that cannot be matched with the writes.
 */
export async function runApply<Tx>(
  apply: Apply<Tx>,
  tx: Tx,
  writes: readonly SinkWrite[],
  timeoutMs: number,
): Promise<(string | null)[]> {
  try {
    const newWrites = writes.map(({ requestId, data, partitionKey }) => (
      { requestId, data: JSON.parse(data), partitionKey }
    ));
    const returned = apply(tx, newWrites);
    const results = returned instanceof Promise ? await within(returned, timeoutMs) : returned;
    return toJson(results, writes.length);
  } catch (error) {
    throw toFault(error);
  }
}

function toJson(results: ApplyResults, count: number): (string | null)[] {
  if (results === undefined) return new Array(count).fill(null);
  if (!Array.isArray(results) || results.length !== count) {
    const got = Array.isArray(results) ? `${results.length}` : typeof results;
    throw new SinkError("setup", "no", `'apply' must return nothing or an array of ${count} results: got ${got}`);
  }
  return results.map((result) => JSON.stringify(result) ?? null);
}

async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new SinkError("unavailable", "no", `'apply' did not end in ${timeoutMs} ms, its effect was undone`)),
    timeoutMs,
  );
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Nothing is committed while `apply` runs, so whatever it throws, nothing was written. */
function toFault(error: unknown): RowFault | SinkError {
  if (error instanceof RowFault) return error;
  if (error instanceof SinkError) {
    return error.wrote === "no" ? error : new SinkError(error.kind, "no", error.message, { cause: error });
  }
  if (error instanceof Error) return new RowFault(error.name, error.message, { cause: error });
  return new RowFault("Error", String(error), { cause: error });
}
