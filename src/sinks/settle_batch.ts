/**
 * What every sink does with a batch, whatever its database.
 *
 * @module
 */

import { isolate, RowFault } from "./isolate.ts";
import { isSameWrite } from "./same_write.ts";
import { type Committed, type Conflict, type Duplicate, type Outcome, SinkError, type SinkWrite } from "./sink.ts";

/** The outcome of a write that the database did not refuse. */
export type Kept = Committed | Duplicate | Conflict;

/** A write that was refused, and why. */
export interface Rejection {
  readonly write: SinkWrite;
  readonly fault: RowFault;
}

/** The three steps of a batch that depend on the database. All of them work on the open transaction. */
export interface SettleSteps {
  /**
   * Inserts the ledger rows that are new, runs `apply` for them, and reads back the others. No request id is in
   * `writes` twice.
   *
   * @returns One outcome for each write, in order.
   * @throws {RowFault} If a row is refused. Whatever this call did must be undone before.
   */
  keep(writes: readonly SinkWrite[]): Promise<readonly Kept[]>;

  /** Finds what the ledger says about a write, `undefined` if it does not have the request id. */
  find(write: SinkWrite): Promise<Duplicate | Conflict | undefined>;

  /** Keeps refused writes in the dead-letter table. */
  reject(rejections: readonly Rejection[]): Promise<void>;

  /** Whether `keep` of all writes has thrown a {@linkcode RowFault} before; it is not called for all of them again then. */
  readonly refused?: boolean;
}

/**
 * Settles each write of a batch: isolates refused rows and handles request ids that are in the batch twice.
 *
 * Of two writes with one request id the first is written; the second is a duplicate of it if their digests are the
 * same, rejected if the first was, and a conflict otherwise.
 *
 * @returns One outcome for each write, in order.
 * @throws {SinkError} If a step throws one, or the dead-letter table refuses a row.
 */
export async function settleBatch(writes: readonly SinkWrite[], steps: SettleSteps): Promise<Outcome[]> {
  const outcomes = new Array<Outcome>(writes.length);
  const { firsts, repeats } = splitRepeats(writes);
  const distinct = firsts.length === writes.length ? writes : firsts.map((index) => writes[index]);
  const rows = await isolate(distinct.length, (start, end) => steps.keep(distinct.slice(start, end)), steps.refused);
  const rejections: Rejection[] = [];
  for (const [position, { fault, value }] of rows.entries()) {
    const index = firsts[position];
    if (fault === undefined) {
      outcomes[index] = value;
    } else {
      rejections.push({ write: writes[index], fault });
      outcomes[index] = { status: "rejected", errorType: fault.errorType, errorMessage: fault.message };
    }
  }
  if (rejections.length > 0) await reject(steps, rejections);
  for (const { index, first } of repeats) {
    outcomes[index] = outcomeOfRepeat(writes[first], outcomes[first], writes[index]) ??
      await steps.find(writes[index]) ?? { status: "conflict" };
  }
  return outcomes;
}

async function reject(steps: SettleSteps, rejections: readonly Rejection[]): Promise<void> {
  try {
    await steps.reject(rejections);
  } catch (error) {
    if (!(error instanceof RowFault)) throw error;
    const message = `Cannot keep a refused row in the dead-letter table: ${error.errorType} (${error.message})`;
    throw new SinkError("setup", "no", message, { cause: error });
  }
}

/** Separates the first write with each request id from the later ones; all numbers are positions in the batch. */
function splitRepeats(writes: readonly SinkWrite[]) {
  const firstByRequestId = new Map<string, number>();
  const firsts: number[] = [];
  const repeats: { index: number; first: number }[] = [];
  for (const [index, { requestId }] of writes.entries()) {
    const first = firstByRequestId.get(requestId);
    if (first === undefined) {
      firstByRequestId.set(requestId, index);
      firsts.push(index);
    } else {
      repeats.push({ index, first });
    }
  }
  return { firsts, repeats };
}

/** Returns `undefined` after a conflict: the ledger holds a third digest then, or that of the repeated write. */
function outcomeOfRepeat(first: SinkWrite, outcome: Outcome, repeat: SinkWrite): Outcome | undefined {
  if (outcome.status === "conflict") return undefined;
  if (!isSameWrite(first, repeat)) return { status: "conflict" };
  if (outcome.status === "rejected") return outcome;
  return outcome.status === "duplicate"
    ? outcome
    : { ...outcome, status: "duplicate", ...(first.mark !== undefined && { mark: first.mark }) };
}
