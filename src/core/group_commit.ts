/**
 * The algorithm of a batcher: what is admitted, what is flushed next, and which receipt each write gets.
 *
 * It has no clock, no Temporal and no IO: `workflows/batcher.ts` is its shell.
 *
 * @module
 */
import { submissionBytes, submissionProblem } from "../protocol/check.ts";
import { FAILURE } from "../protocol/failures.ts";
import { areComparable, digestAt } from "../protocol/digests.ts";
import type { FlushHeader, ReceiptRun, SubmissionHeader } from "../protocol/messages.ts";
import { joinLines, splitLines } from "../protocol/lines.ts";
import type { ResolvedBatchingOptions } from "../protocol/options.ts";
import { decodeRuns, encodeAnswer, encodeRuns, type WriteReceipt } from "../protocol/receipt_runs.ts";
import { textBytes } from "../protocol/text_bytes.ts";
import { SettledWindow, type SettledWrite } from "./settled_window.ts";
import { WriterLeases } from "./lanes.ts";
import { type PendingWrite, type Piece, WriteQueue } from "./write_queue.ts";

/** Why a submission is turned away. It has changed nothing. */
export type Refusal =
  | { readonly type: typeof FAILURE.INVALID_WRITE; readonly problem: string }
  | { readonly type: typeof FAILURE.REQUEST_ID_CONFLICT; readonly requestIds: readonly string[] }
  | { readonly type: typeof FAILURE.ALREADY_COMMITTED; readonly runs: readonly ReceiptRun[] }
  | { readonly type: typeof FAILURE.LANE_FULL; readonly writersMax: number }
  | { readonly type: typeof FAILURE.WRITER_BUSY; readonly retryAfterMs: number }
  | { readonly type: typeof FAILURE.OVERLOADED; readonly reason: string; readonly retryAfterMs: number };

/** An admitted submission that waits for its receipts. */
export class Ticket {
  #settled = 0;

  constructor(private readonly writes: readonly PendingWrite<WriteReceipt>[]) {}

  /** Whether every write of the submission has its receipt. */
  get done(): boolean {
    while (this.#settled < this.writes.length && this.writes[this.#settled].receipt) this.#settled++;
    return this.#settled === this.writes.length;
  }

  /** The receipts, in the order of the submission. Only for a ticket that is done. */
  get runs(): ReceiptRun[] {
    return encodeAnswer(this.writes.map((write) => write.receipt!));
  }
}

/** What one flush carries. */
export interface Batch {
  readonly header: FlushHeader;
  readonly bodies: readonly Uint8Array[];
  readonly pieces: readonly Piece<WriteReceipt>[];
  readonly writes: number;
}

/** Counters since the start of this run. */
export interface GroupCommitCounters {
  admittedWrites: number;
  flushes: number;
}

/** How long a writer that was refused for a full queue waits before its next try. */
const RETRY_AFTER_FULL_MS = 100;

/** How long a writer that was refused for a roll over waits: about as long as a flush and a continue-as-new take. */
const RETRY_AFTER_ROLL_OVER_MS = 30;

/** How long a writer waits whose own Update is still in flight: a flush or two. */
const RETRY_AFTER_BUSY_MS = 100;

/** Admits writes, batches them and settles each one exactly once. */
export class GroupCommit {
  readonly counters: GroupCommitCounters = { admittedWrites: 0, flushes: 0 };
  readonly #queue = new WriteQueue<WriteReceipt>();
  /** Every write that is queued or in a flush, by id: what makes a second caller attach to the first one's flush. */
  readonly #pending = new Map<string, PendingWrite<WriteReceipt>>();
  #flushingBytes = 0;
  #closing = false;

  constructor(
    private readonly options: ResolvedBatchingOptions,
    readonly settled: SettledWindow = new SettledWindow(),
    readonly writers: WriterLeases = new WriterLeases(options.writersMax, options.writerLeaseMs),
  ) {}

  /** Writes that are queued or in a flush. */
  get pendingWrites(): number {
    return this.#pending.size;
  }

  /** Bytes that are queued or in a flush. */
  get pendingBytes(): number {
    return this.#queue.bytes + this.#flushingBytes;
  }

  /** Whether a batch can be taken. */
  get hasQueued(): boolean {
    return this.#queue.writes > 0;
  }

  /** Whether it is no use to wait for more writes before the next batch. */
  get hasFullBatch(): boolean {
    return this.#closing || this.#queue.writes >= this.options.maxBatchWrites ||
      this.#queue.bytes >= this.options.maxBatchBytes;
  }

  /** Turns new writes away from now on, so that what is pending can end and the run can roll over. */
  close(): void {
    this.#closing = true;
  }

  /** Says why a submission must be turned away, or nothing if it may be admitted. Changes nothing. */
  refusal(header: unknown, body: unknown, nowMs: number): Refusal | undefined {
    const problem = submissionProblem(header, body);
    if (problem !== undefined) return { type: FAILURE.INVALID_WRITE, problem };
    const { writer, mark, ids, digests, keys } = header as SubmissionHeader;
    const conflicts: string[] = [];
    const remembered: WriteReceipt[] = [];
    let fresh = 0;
    let incomparable = 0;
    for (let i = 0; i < ids.length; i++) {
      const digest = digestAt(digests, ids.length, i);
      const settled = this.#recall(ids[i], digest, mark);
      const known = settled ?? this.#pending.get(ids[i]);
      if (known === undefined) fresh++;
      else if (!areComparable(known.digest, digest)) incomparable++;
      else if (known.digest !== digest) conflicts.push(ids[i]);
      else if (settled) remembered.push(receiptOf(settled));
    }
    if (conflicts.length > 0) return { type: FAILURE.REQUEST_ID_CONFLICT, requestIds: conflicts };
    if (remembered.length === ids.length) return { type: FAILURE.ALREADY_COMMITTED, runs: encodeRuns(remembered) };
    // A writer that is admitted has an Update in flight here from time to time, even if this one only attaches.
    if (!this.writers.hasPlaceFor(writer, nowMs)) {
      return { type: FAILURE.LANE_FULL, writersMax: this.options.writersMax };
    }
    // The places of a batcher hold only if each writer has one Update in flight, even one that only attaches.
    if (this.writers.hasInFlight(writer)) return { type: FAILURE.WRITER_BUSY, retryAfterMs: RETRY_AFTER_BUSY_MS };
    if (incomparable > 0) {
      // The ledger can compare the data, and is asked as soon as the other write is settled.
      const reason = "a writer of another version has the same request id under way";
      return { type: FAILURE.OVERLOADED, reason, retryAfterMs: RETRY_AFTER_ROLL_OVER_MS };
    }
    // What only attaches takes no room, and is nearer to its receipt here than anywhere else.
    if (fresh === 0) return undefined;
    return this.#overload(fresh, submissionBytes(ids, keys, body as Uint8Array));
  }

  #overload(writes: number, bytes: number): Refusal | undefined {
    if (this.#closing) {
      return { type: FAILURE.OVERLOADED, reason: "the batcher rolls over", retryAfterMs: RETRY_AFTER_ROLL_OVER_MS };
    }
    if (this.#pending.size === 0) return undefined;
    const { maxPendingWrites, maxPendingBytes } = this.options;
    const retryAfterMs = RETRY_AFTER_FULL_MS;
    if (this.#pending.size + writes > maxPendingWrites) {
      const reason = `${this.#pending.size} of ${maxPendingWrites} pending writes`;
      return { type: FAILURE.OVERLOADED, reason, retryAfterMs };
    }
    if (this.pendingBytes + bytes > maxPendingBytes) {
      const reason = `${this.pendingBytes} of ${maxPendingBytes} pending bytes`;
      return { type: FAILURE.OVERLOADED, reason, retryAfterMs };
    }
    return undefined;
  }

  /**
   * What is remembered of a write and may answer a submission with this mark. Only the delivery that stored a write is
   * answered from memory. For all others the ledger decides: it may have been restored or pruned since. Writers without
   * marks answer for each other, as they did in the histories that were recorded before marks.
   */
  #recall(requestId: string, digest: string, mark: number | undefined): SettledWrite | undefined {
    const settled = this.settled.get(requestId);
    if (settled === undefined || settled.mark !== mark || !areComparable(settled.digest, digest)) return undefined;
    return mark === undefined || settled.digest === digest ? settled : undefined;
  }

  /** Admits a submission that {@linkcode refusal} let through. */
  admit(header: SubmissionHeader, body: Uint8Array, nowMs: number): Ticket {
    const { writer, mark, ids, digests } = header;
    this.writers.enter(writer, nowMs);
    const writes: PendingWrite<WriteReceipt>[] = [];
    const fresh: number[] = [];
    for (let i = 0; i < ids.length; i++) {
      const requestId = ids[i];
      const digest = digestAt(digests, ids.length, i);
      const settled = this.#recall(requestId, digest, mark);
      let write = settled ? { requestId, digest, receipt: receiptOf(settled) } : this.#pending.get(requestId);
      if (write === undefined) {
        write = { requestId, digest, receipt: undefined };
        this.#pending.set(requestId, write);
        fresh.push(i);
      }
      writes.push(write);
    }
    for (const piece of cut(header, body, writes, fresh, this.options)) this.#queue.push(piece);
    this.counters.admittedWrites += fresh.length;
    return new Ticket(writes);
  }

  /** An admitted submission is answered. */
  leave({ writer }: SubmissionHeader, nowMs: number): void {
    this.writers.leave(writer, nowMs);
  }

  /** Takes the next batch off the queue. */
  take(batchId: string): Batch {
    const pieces = this.#queue.take(this.options.maxBatchWrites, this.options.maxBatchBytes);
    this.#flushingBytes += bytesOf(pieces);
    this.counters.flushes++;
    return {
      header: {
        batchId,
        pieces: pieces.map(({ writes, digests, keys, mark }) => ({
          ids: writes.map((write) => write.requestId),
          digests,
          ...(keys && { keys }),
          ...(mark !== undefined && { mark }),
        })),
      },
      bodies: pieces.map((piece) => piece.body),
      pieces,
      writes: pieces.reduce((sum, piece) => sum + piece.writes.length, 0),
    };
  }

  /** Deals out the receipts of a batch. Each of its writes is settled exactly once. */
  settle(batch: Batch, runs: readonly ReceiptRun[]): void {
    const receipts = decodeRuns(runs, batch.writes);
    let at = 0;
    for (const { writes, mark } of batch.pieces) {
      for (const write of writes) this.#settleOne(write, receipts[at++], mark);
    }
    this.#flushingBytes -= bytesOf(batch.pieces);
  }

  /** Gives every write of a batch the same receipt: the batch failed as a whole. */
  settleAll(batch: Batch, receipt: WriteReceipt): void {
    this.settle(batch, [{ count: batch.writes, ...receipt } as ReceiptRun]);
  }

  #lastDuplicate: (WriteReceipt & { status: "duplicate" }) | undefined;

  #settleOne(write: PendingWrite<WriteReceipt>, receipt: WriteReceipt, mark: number | undefined): void {
    write.receipt = receipt;
    this.#pending.delete(write.requestId);
    // A result may be large, and the ledger keeps it: only bare receipts are remembered here.
    if (!("committedAt" in receipt) || receipt.result !== undefined || receipt.resultOmitted) return;
    // What another delivery stored is no answer for this one.
    if (mark !== undefined && receipt.status !== "committed") return;
    const { batchId, committedAt } = receipt;
    if (this.#lastDuplicate?.batchId !== batchId || this.#lastDuplicate.committedAt !== committedAt) {
      this.#lastDuplicate = { status: "duplicate", batchId, committedAt };
    }
    this.settled.add(write.requestId, {
      digest: write.digest,
      ...(mark !== undefined && { mark }),
      receipt: this.#lastDuplicate,
    });
  }
}

/** What a submission that {@linkcode SettledWrite} may answer is told: a mark says that it stored the write itself. */
function receiptOf({ receipt, mark }: SettledWrite): WriteReceipt {
  return mark === undefined ? receipt : { ...receipt, status: "committed" };
}

function bytesOf(pieces: readonly Piece<unknown>[]): number {
  return pieces.reduce((sum, piece) => sum + piece.bytes, 0);
}

/**
 * Cuts the fresh writes of a submission into pieces that fit into a batch. A write that is larger than a batch by itself
 * becomes a piece of its own.
 */
function cut(
  header: SubmissionHeader,
  body: Uint8Array,
  writes: readonly PendingWrite<WriteReceipt>[],
  fresh: readonly number[],
  { maxBatchWrites, maxBatchBytes }: ResolvedBatchingOptions,
): Piece<WriteReceipt>[] {
  const { ids, digests, keys, mark } = header;
  const bytes = submissionBytes(ids, keys, body);
  if (fresh.length === ids.length && fresh.length <= maxBatchWrites && bytes <= maxBatchBytes) {
    // By far the most usual case: the bytes go on as they came.
    return [{ writes, digests, keys, mark, body, bytes }];
  }
  const lines = splitLines(body);
  const pieces: Piece<WriteReceipt>[] = [];
  for (let from = 0; from < fresh.length;) {
    let to = from;
    let pieceBytes = 0;
    for (; to < fresh.length && to - from < maxBatchWrites; to++) {
      const i = fresh[to];
      const writeBytes = textBytes(ids[i]) + textBytes(keys?.[i] ?? "") + lines[i].length + 1;
      if (to > from && pieceBytes + writeBytes > maxBatchBytes) break;
      pieceBytes += writeBytes;
    }
    const numbers = fresh.slice(from, to);
    pieces.push({
      writes: numbers.map((i) => writes[i]),
      digests: numbers.map((i) => digestAt(digests, ids.length, i)).join(""),
      keys: keys && numbers.map((i) => keys[i]),
      mark,
      body: joinLines(numbers.map((i) => lines[i])),
      bytes: pieceBytes,
    });
    from = to;
  }
  return pieces;
}
