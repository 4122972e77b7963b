/**
 * Run-length encoding of receipts: 500 writes that one flush committed are one entry on the wire.
 *
 * @module
 */
import { FAILURE } from "./failures.ts";
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

/** Receipts as they go over the wire, and the bytes of their JSON. */
export interface EncodedAnswer {
  readonly runs: ReceiptRun[];
  readonly bytes: number;
}

/**
 * Encodes receipts as an answer of at most `bytesMax` bytes, as one above the server's limit would end the batcher.
 *
 * Where they are too large, they go without results, which the ledger keeps, and with shorter error messages. Where even
 * that is too large, the last ones become `unknown`: writing those again is safe and tells what became of them.
 *
 * @param bytesMax At least 1,024.
 */
export function encodeAnswer(
  receipts: readonly WriteReceipt[],
  bytesMax: number = LIMITS.answerBytesMax,
): EncodedAnswer {
  let answer = encode(receipts);
  let shortened = receipts;
  for (const chars of SHORTER_MESSAGE_CHARS) {
    if (answer.bytes <= bytesMax) return answer;
    shortened = receipts.map((receipt) => shorten(receipt, chars));
    answer = encode(shortened);
  }
  for (let told = Math.floor(receipts.length / 2); answer.bytes > bytesMax; told = Math.floor(told / 2)) {
    answer = encode([...shortened.slice(0, told), ...new Array(receipts.length - told).fill(TOO_LARGE)]);
  }
  return answer;
}

/** The receipt of a write whose own one did not fit into an answer. */
const TOO_LARGE: WriteReceipt = {
  status: "unknown",
  batchId: "",
  errorType: FAILURE.WRITE_OUTCOME_UNKNOWN,
  errorMessage: "its receipt did not fit into the answer",
};

function encode(receipts: readonly WriteReceipt[]): EncodedAnswer {
  const runs = encodeRuns(receipts);
  return { runs, bytes: answerBytes(runs) };
}

function shorten(receipt: WriteReceipt, chars: number): WriteReceipt {
  if ("committedAt" in receipt) {
    const { status, batchId, committedAt, result, resultOmitted } = receipt;
    const omitted = result !== undefined || resultOmitted === true;
    return { status, batchId, committedAt, ...(omitted && { resultOmitted: true as const }) };
  }
  return { ...receipt, errorMessage: receipt.errorMessage.slice(0, chars).toWellFormed() };
}

/** The JSON bytes of an answer. */
export function answerBytes(runs: readonly ReceiptRun[]): number {
  return textEncoder.encode(JSON.stringify(runs)).length;
}
