/**
 * Run-length encoding of receipts: 500 writes that one flush committed are one entry on the wire.
 *
 * @module
 */
import { LIMITS } from "./limits.ts";
import type { ReceiptRun } from "./messages.ts";

/** What became of one write, without its request id: a {@linkcode ReceiptRun} of one. */
export type WriteReceipt =
  | {
    readonly status: "committed" | "duplicate";
    readonly batchId: string;
    readonly committedAt: string;
    readonly result?: unknown;
    readonly resultOmitted?: true;
  }
  | {
    readonly status: "rejected" | "conflict" | "failed" | "unknown";
    readonly batchId: string;
    readonly errorType: string;
    readonly errorMessage: string;
  };

/** Joins neighbours that share everything but their results. */
export function encodeRuns(receipts: readonly WriteReceipt[]): ReceiptRun[] {
  const runs: ReceiptRun[] = [];
  for (let from = 0; from < receipts.length;) {
    const first = receipts[from];
    let to = from + 1;
    while (to < receipts.length && belongTogether(first, receipts[to])) to++;
    runs.push(encodeRun(first, receipts.slice(from, to)));
    from = to;
  }
  return runs;
}

function belongTogether(a: WriteReceipt, b: WriteReceipt): boolean {
  if (a === b) return true;
  if (a.status !== b.status || a.batchId !== b.batchId) return false;
  if ("committedAt" in a && "committedAt" in b) {
    return a.committedAt === b.committedAt && a.resultOmitted === b.resultOmitted &&
      (a.result === undefined) === (b.result === undefined);
  }
  return "errorType" in a && "errorType" in b && a.errorType === b.errorType && a.errorMessage === b.errorMessage;
}

function encodeRun(first: WriteReceipt, members: readonly WriteReceipt[]): ReceiptRun {
  const count = members.length;
  if (!("committedAt" in first)) return { count, ...first };
  const { status, batchId, committedAt, resultOmitted } = first;
  const run = { count, status, batchId, committedAt, ...(resultOmitted && { resultOmitted }) };
  if (first.result === undefined) return run;
  return { ...run, results: members.map((member) => "committedAt" in member ? member.result : undefined) };
}

/**
 * Takes runs apart into one receipt for each write.
 *
 * @throws {RangeError} If the counts do not add up to `expected`: an answer that does not fit its question must never be
 * dealt out.
 */
export function decodeRuns(runs: readonly ReceiptRun[], expected: number): WriteReceipt[] {
  const receipts: WriteReceipt[] = [];
  for (const run of runs) {
    if ("committedAt" in run) {
      const { count, status, batchId, committedAt, results, resultOmitted } = run;
      const shared: WriteReceipt = { status, batchId, committedAt, ...(resultOmitted && { resultOmitted }) };
      for (let i = 0; i < count; i++) receipts.push(results ? { ...shared, result: results[i] } : shared);
    } else {
      const { count, ...shared } = run;
      for (let i = 0; i < count; i++) receipts.push(shared);
    }
  }
  if (receipts.length !== expected) {
    throw new RangeError(`Cannot deal out an answer as it must cover ${expected} writes: it covers ${receipts.length}`);
  }
  return receipts;
}

const textEncoder = new TextEncoder();

/** Characters of each error message, where all of them together are too long: the first that fits. */
const SHORTER_MESSAGE_CHARS = [200, 50, 0];

/**
 * Encodes receipts as an answer that passes the wire: one above the server's limit would fail the workflow task, and so
 * would every repetition of it. What is too large goes without results, which the ledger keeps, and with shorter error
 * messages.
 */
export function encodeAnswer(
  receipts: readonly WriteReceipt[],
  bytesMax: number = LIMITS.answerBytesMax,
): ReceiptRun[] {
  let runs = encodeRuns(receipts);
  for (const chars of SHORTER_MESSAGE_CHARS) {
    if (jsonBytes(runs) <= bytesMax) break;
    runs = encodeRuns(receipts.map((receipt) => shorten(receipt, chars)));
  }
  return runs;
}

function shorten(receipt: WriteReceipt, chars: number): WriteReceipt {
  if ("committedAt" in receipt) {
    const { status, batchId, committedAt, result, resultOmitted } = receipt;
    const omitted = result !== undefined || resultOmitted === true;
    return { status, batchId, committedAt, ...(omitted && { resultOmitted: true as const }) };
  }
  return { ...receipt, errorMessage: receipt.errorMessage.slice(0, chars).toWellFormed() };
}

function jsonBytes(runs: readonly ReceiptRun[]): number {
  return textEncoder.encode(JSON.stringify(runs)).length;
}
