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
import {
  type FlushBatchAnswer,
  type FlushHeader,
  type ReceiptRun,
  type StoredPayloads,
  type SubmissionHeader,
  wireBytes,
} from "../protocol/messages.ts";
import { joinLines, splitLines } from "../protocol/lines.ts";
import type { ResolvedBatchingOptions } from "../protocol/options.ts";
import { LIMITS, SERVER_LIMITS } from "../protocol/limits.ts";
import {
  answerBytes,
  decodeRuns,
  encodeAnswer,
  type EncodedAnswer,
  encodeRuns,
  type WriteReceipt,
} from "../protocol/receipt_runs.ts";
import { textBytes } from "../protocol/text_bytes.ts";
import { PartBox } from "./part_box.ts";
import { SettledWindow, type SettledWrite, settledWrite } from "./settled_window.ts";
import { WriterLeases } from "./lanes.ts";
import { TaskBudget } from "./task_budget.ts";
import { type Chunk, type PendingWrite, WriteQueue } from "./write_queue.ts";

/** Why a submission is turned away. It has changed nothing. */
export type Refusal =
  | { readonly type: typeof FAILURE.INVALID_WRITE; readonly problem: string }
  | { readonly type: typeof FAILURE.REQUEST_ID_CONFLICT; readonly requestIds: readonly string[] }
  | { readonly type: typeof FAILURE.ALREADY_COMMITTED; readonly runs: readonly ReceiptRun[] }
  | { readonly type: typeof FAILURE.LANE_FULL; readonly writersMax: number }
  | { readonly type: typeof FAILURE.WRITER_BUSY; readonly retryAfterMs: number }
  | { readonly type: typeof FAILURE.PARTS_MISSING; readonly part: number }
  | { readonly type: typeof FAILURE.OVERLOADED; readonly reason: string; readonly retryAfterMs: number };

/** An admitted submission that waits for its receipts. */
export class Ticket {
  #settled = 0;
  #encoded: EncodedAnswer | undefined;
  /** The receipts, in the order of the submission, once every write has its own and there is room for them. */
  answer: readonly ReceiptRun[] | undefined;

  constructor(
    private readonly writes: readonly PendingWrite<WriteReceipt>[],
    private readonly payloads: StoredPayloads = {},
  ) {}

  /** Whether every write of the submission has its receipt. */
  get settled(): boolean {
    while (this.#settled < this.writes.length && this.writes[this.#settled].receipt) this.#settled++;
    return this.#settled === this.writes.length;
  }

  /**
   * The receipts as they are sent, and their bytes in the workflow task. Only for a ticket that is settled.
   *
   * @param worker What the worker stores outside of the history.
   * @param inlineBytesMax Most bytes of an answer that is not.
   */
  encode(worker: StoredPayloads, inlineBytesMax: number): EncodedAnswer {
    if (this.#encoded !== undefined) return this.#encoded;
    // Its writer has to read what the worker stores.
    const stored = this.payloads.storedFromBytes === undefined ? {} : worker;
    const bytesMax = stored.storedFromBytes === undefined ? inlineBytesMax : LIMITS.storedAnswerBytesMax;
    const { runs, bytes } = encodeAnswer(this.writes.map((write) => write.receipt!), bytesMax);
    return this.#encoded = { runs, bytes: wireBytes(bytes, stored) };
  }
}

/** What one flush carries. */
export interface Batch {
  readonly header: FlushHeader;
  readonly bodies: readonly Uint8Array[];
  readonly chunks: readonly Chunk<WriteReceipt>[];
  readonly writes: number;
  /** Upper bound of the bytes of header and bodies in the workflow task of a durable flush. */
  readonly inputBytes: number;
  /** From which size on the payloads of this flush are stored outside of the history; left out if any of them may not be. */
  readonly storedFromBytes?: number;
}

/** Counters since the start of this run. */
export interface GroupCommitCounters {
  admittedUpdates: number;
  admittedWrites: number;
  flushes: number;
}

/** How long a writer that was refused for a full queue waits before its next try. */
const RETRY_AFTER_FULL_MS = 100;

/** How long a writer that was refused for a roll over waits: about as long as a flush and a continue-as-new take. */
const RETRY_AFTER_ROLL_OVER_MS = 30;

/** How long a writer waits whose own Update is still in flight: a flush or two. */
const RETRY_AFTER_BUSY_MS = 100;

/** JSON of a receipt without its batch id and its result: names of fields, status, time or code of an error. */
const RECEIPT_FRAME_BYTES = 130;

/** Admits writes, batches them and settles each one exactly once. */
export class GroupCommit {
  readonly counters: GroupCommitCounters = { admittedUpdates: 0, admittedWrites: 0, flushes: 0 };
  readonly #queue = new WriteQueue<WriteReceipt>();
  /** Every write that is queued or in a flush, by id: what makes a second caller attach to the first one's flush. */
  readonly #pending = new Map<string, PendingWrite<WriteReceipt>>();
  /** Submissions without an answer, in the order of their admission. */
  readonly #open = new Set<Ticket>();
  readonly #parts: PartBox;
  /** History of the run as of its present workflow task. To be kept up to date by the shell. */
  historyBytes = 0;
  /** What the worker of the last flush stores outside of the history. */
  #worker: StoredPayloads = {};
  /** Of the last flushes: what the next one is expected to come to. */
  #answerBytesPerWrite = 0;
  #flushingBytes = 0;
  #closing = false;

  constructor(
    private readonly options: ResolvedBatchingOptions,
    readonly settled: SettledWindow = new SettledWindow(),
    readonly writers: WriterLeases = new WriterLeases(options.writersMax, options.writerLeaseMs),
    readonly budget: TaskBudget = new TaskBudget(),
  ) {
    this.#parts = new PartBox(options.writersMax);
  }

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

  /** Whether waiting for more writes gains nothing: the next batch is full, or no more are admitted. */
  get hasFullBatch(): boolean {
    return this.#closing || this.#queue.writes >= this.options.maxBatchWrites ||
      this.#queue.bytes >= this.options.maxBatchBytes;
  }

  /** Whether an answer waits for the next workflow task, as there was no room for it in its own. */
  get withholdsAnswers(): boolean {
    for (const ticket of this.#open) if (ticket.settled) return true;
    return false;
  }

  /** Whether a large write has come in part. */
  awaitsParts(nowMs: number): boolean {
    return this.#parts.awaitsParts(nowMs);
  }

  /** Turns new writes away from now on, so that what is pending can end and the run can roll over. */
  close(): void {
    this.#closing = true;
  }

  /** Says why a submission must be turned away, or nothing if it may be admitted. Changes nothing. */
  refusal(header: unknown, body: unknown, nowMs: number, historyBytes: number = 0): Refusal | undefined {
    const problem = submissionProblem(header, body);
    if (problem !== undefined) return { type: FAILURE.INVALID_WRITE, problem };
    const { writer, mark, ids, digests, keys, part } = header as SubmissionHeader;
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
    // The other ids are refused when the rest comes again.
    if (conflicts.length > 0) return { type: FAILURE.REQUEST_ID_CONFLICT, requestIds: shortList(conflicts) };
    if (remembered.length === ids.length) {
      const runs = encodeRuns(remembered);
      // A longer answer has to wait for its turn, as that of an admitted submission does.
      return answerBytes(runs) <= LIMITS.refusalBytesMax ? { type: FAILURE.ALREADY_COMMITTED, runs } : undefined;
    }
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
    if (part !== undefined) {
      if (!this.#parts.takes(header as SubmissionHeader)) return { type: FAILURE.PARTS_MISSING, part: part.index };
      // A first part takes the place of those that came before.
      const earlierBytes = part.index === 0 ? 0 : this.#parts.bytesOf(writer);
      const wholeBytes = submissionBytes(ids, keys, body as Uint8Array) + earlierBytes;
      if (wholeBytes > LIMITS.writeBytesMax) {
        const problem = `the parts of a write must have at most ${LIMITS.writeBytesMax} bytes: they have ${wholeBytes}`;
        return { type: FAILURE.INVALID_WRITE, problem };
      }
    }
    // Writes that are already pending need no queue space, so they bypass the overload check.
    if (fresh === 0) return undefined;
    // What has begun to come may end.
    const closing = this.#closing && (part === undefined || part.index === 0);
    return this.#overload(fresh, submissionBytes(ids, keys, body as Uint8Array), historyBytes, closing);
  }

  #overload(writes: number, bytes: number, historyBytes: number, closing: boolean): Refusal | undefined {
    if (closing) {
      return { type: FAILURE.OVERLOADED, reason: "the batcher rolls over", retryAfterMs: RETRY_AFTER_ROLL_OVER_MS };
    }
    const retryAfterMs = RETRY_AFTER_FULL_MS;
    // What is pending may be stored once more, as the input of a durable flush.
    const historyBytesSoon = historyBytes + this.pendingBytes + 2 * bytes;
    if (historyBytesSoon > LIMITS.historyBytesMax) {
      const reason = `${historyBytesSoon} of ${LIMITS.historyBytesMax} bytes of history`;
      return { type: FAILURE.OVERLOADED, reason, retryAfterMs };
    }
    if (this.#pending.size === 0) return undefined;
    const { maxPendingWrites, maxPendingBytes } = this.options;
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
    this.counters.admittedUpdates++;
    const whole = this.#parts.add(header, body, nowMs);
    if (whole === undefined) return answered([]);
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
    for (const chunk of splitIntoChunks(header, whole, writes, fresh, this.options)) {
      this.#queue.push({ ...chunk, storedFromBytes: header.storedFromBytes });
    }
    this.counters.admittedWrites += fresh.length;
    const ticket = new Ticket(writes, header);
    this.#open.add(ticket);
    this.#answerTickets();
    return ticket;
  }

  /** A wait begins that ends the workflow task: answers that had no room in it are for the next one. */
  endTask(): void {
    this.budget.renew();
  }

  /** A new workflow task has begun: sends what the last one had no room for. */
  beginTask(): void {
    this.#answerTickets();
  }

  /** Gives each settled submission its answer, as far as the workflow task has room for it. */
  #answerTickets(): void {
    for (const ticket of this.#open) {
      if (!ticket.settled) continue;
      const { runs, bytes } = ticket.encode(this.#worker, this.#ticketBytesMax());
      if (!this.budget.fits(bytes)) continue;
      this.budget.spend(bytes);
      ticket.answer = runs;
      this.#open.delete(ticket);
    }
  }

  /**
   * JSON bytes that the answer to a flush may have: what the workflow task has left, and less and less of what the history
   * has left.
   */
  get answerBytesMax(): number {
    const room = Math.min(LIMITS.answerBytesMax, this.budget.left - LIMITS.messageFrameBytes, this.#historyLeft / 8);
    return Math.max(LIMITS.answerBytesMin, Math.floor(room));
  }

  /** JSON bytes that each open submission's answer may have: several may wait for the same writes. */
  #ticketBytesMax(): number {
    const room = Math.min(LIMITS.answerBytesMax, this.#historyLeft / (2 * this.#open.size));
    return Math.max(LIMITS.answerBytesMin, Math.floor(room));
  }

  /** Bytes that the history can still take, without those that a durable flush of what is pending would store. */
  get #historyLeft(): number {
    return SERVER_LIMITS.historyBytesMax - this.historyBytes - this.pendingBytes;
  }

  /** Whether the workflow task has room for what the next flush is expected to answer, if it is a small one. */
  hasRoomFor(batchId: string): boolean {
    if (!this.budget.used) return true;
    const bytes = this.#queue.nextWrites * this.#answerBytesOfWrite(batchId);
    return this.budget.fits(Math.min(LIMITS.answerBytesMax, bytes));
  }

  /** As if each write differed from the one before, or as the writes of the last flushes did. */
  #answerBytesOfWrite(batchId: string): number {
    return Math.max(textBytes(batchId) + RECEIPT_FRAME_BYTES, this.#answerBytesPerWrite);
  }

  /** An admitted submission is answered. */
  leave({ writer }: SubmissionHeader, nowMs: number): void {
    this.writers.leave(writer, nowMs);
  }

  /**
   * Takes the next batch off the queue: no more than a full one, and no more than the workflow task has room to answer, in
   * the marker of its flush and again in the answers.
   */
  take(batchId: string): Batch {
    const room = this.budget.left / (2 * this.#answerBytesOfWrite(batchId));
    const writesMax = Math.min(this.options.maxBatchWrites, Math.max(1, Math.floor(room)));
    const chunks = this.#queue.take(writesMax, this.options.maxBatchBytes);
    this.#flushingBytes += bytesOf(chunks);
    this.counters.flushes++;
    const writes = chunks.reduce((sum, chunk) => sum + chunk.writes.length, 0);
    const storedFromBytes = chunks.every((chunk) => chunk.storedFromBytes !== undefined)
      ? Math.max(...chunks.map((chunk) => chunk.storedFromBytes!))
      : undefined;
    return {
      header: {
        batchId,
        pieces: chunks.map(({ writes, digests, keys, mark }) => ({
          ids: writes.map((write) => write.requestId),
          digests,
          ...(keys && { keys }),
          ...(mark !== undefined && { mark }),
        })),
      },
      bodies: chunks.map((chunk) => chunk.body),
      chunks,
      writes,
      inputBytes: inputBytesOf(chunks, storedFromBytes),
      ...(storedFromBytes !== undefined && { storedFromBytes }),
    };
  }

  /**
   * Deals out the receipts of a batch. Each of its writes is settled exactly once.
   *
   * @param by What brought them: a marker is part of the present workflow task, an event is not.
   */
  settle(
    batch: Batch,
    { runs, storedFromBytes }: Pick<FlushBatchAnswer, "runs" | "storedFromBytes">,
    by: "event" | "marker" = "event",
  ): void {
    const receipts = decodeRuns(runs, batch.writes);
    let at = 0;
    for (const { writes, mark } of batch.chunks) {
      for (const write of writes) this.#settleOne(write, receipts[at++], mark);
    }
    this.#flushingBytes -= bytesOf(batch.chunks);
    this.#worker = { storedFromBytes };
    const bytes = wireBytes(answerBytes(runs), this.#worker);
    if (by === "marker") this.budget.spend(bytes);
    // The larger of two, so that one small flush between large ones is not taken for the rule.
    this.#answerBytesPerWrite = Math.max(bytes / batch.writes, this.#answerBytesPerWrite / 2);
    this.#answerTickets();
  }

  /** Gives every write of a batch the same receipt: the batch failed as a whole. */
  settleAll(batch: Batch, receipt: WriteReceipt): void {
    this.settle(batch, { runs: [{ count: batch.writes, ...receipt } as ReceiptRun], ...this.#worker });
  }

  #lastDuplicate: (WriteReceipt & { status: "duplicate" }) | undefined;

  #settleOne(write: PendingWrite<WriteReceipt>, receipt: WriteReceipt, mark: number | undefined): void {
    write.receipt = receipt;
    this.#pending.delete(write.requestId);
    // A result may be large, and the ledger keeps it: only bare receipts are remembered here.
    if (!("committedAt" in receipt) || receipt.result !== undefined || receipt.resultOmitted) return;
    // A receipt of another delivery does not answer this one.
    if (mark !== undefined && receipt.status !== "committed") return;
    const { batchId, committedAt } = receipt;
    if (this.#lastDuplicate?.batchId !== batchId || this.#lastDuplicate.committedAt !== committedAt) {
      this.#lastDuplicate = { status: "duplicate", batchId, committedAt };
    }
    this.settled.add(write.requestId, settledWrite(write.digest, mark, this.#lastDuplicate));
  }
}

/** What a submission that {@linkcode SettledWrite} may answer is told: a mark says that it stored the write itself. */
function receiptOf({ receipt, mark }: SettledWrite): WriteReceipt {
  return mark === undefined ? receipt : { ...receipt, status: "committed" };
}

/** The ticket of what needs no receipt. */
function answered(runs: readonly ReceiptRun[]): Ticket {
  const ticket = new Ticket([]);
  ticket.answer = runs;
  return ticket;
}

/** The first ids, as many as a refusal may name, at least one. */
function shortList(ids: readonly string[]): readonly string[] {
  let bytes = 0;
  const end = ids.findIndex((id) => (bytes += textBytes(id) + 3) > LIMITS.refusalBytesMax);
  return end === -1 ? ids : ids.slice(0, Math.max(1, end));
}

/** Bytes of a durable flush's header and bodies in the workflow task. */
function inputBytesOf(chunks: readonly Chunk<unknown>[], storedFromBytes: number | undefined): number {
  const headerBytes = chunks.reduce((sum, { writes }) => sum + writes.length * LIMITS.headerBytesPerWrite, 0);
  const inlineBytes = bytesOf(chunks) + headerBytes;
  if (storedFromBytes === undefined) return inlineBytes;
  // Each payload is below the threshold, or a reference.
  return Math.min(inlineBytes, (1 + chunks.length) * Math.max(storedFromBytes, LIMITS.bodyReferenceBytesMax));
}

function bytesOf(chunks: readonly Chunk<unknown>[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
}

/**
 * Splits the fresh writes of a submission into chunks that fit into a batch. A write that is larger than a batch by itself
 * becomes a chunk of its own.
 */
function splitIntoChunks(
  header: SubmissionHeader,
  body: Uint8Array,
  writes: readonly PendingWrite<WriteReceipt>[],
  fresh: readonly number[],
  { maxBatchWrites, maxBatchBytes }: ResolvedBatchingOptions,
): Chunk<WriteReceipt>[] {
  const { ids, digests, keys, mark } = header;
  const bytes = submissionBytes(ids, keys, body);
  if (fresh.length === ids.length && fresh.length <= maxBatchWrites && bytes <= maxBatchBytes) {
    // By far the most usual case: the bytes go on as they came.
    return [{ writes, digests, keys, mark, body, bytes }];
  }
  const lines = splitLines(body);
  const chunks: Chunk<WriteReceipt>[] = [];
  for (let from = 0; from < fresh.length;) {
    let to = from;
    let chunkBytes = 0;
    for (; to < fresh.length && to - from < maxBatchWrites; to++) {
      const i = fresh[to];
      const writeBytes = textBytes(ids[i]) + textBytes(keys?.[i] ?? "") + lines[i].length + 1;
      if (to > from && chunkBytes + writeBytes > maxBatchBytes) break;
      chunkBytes += writeBytes;
    }
    const numbers = fresh.slice(from, to);
    chunks.push({
      writes: numbers.map((i) => writes[i]),
      digests: numbers.map((i) => digestAt(digests, ids.length, i)).join(""),
      keys: keys && numbers.map((i) => keys[i]),
      mark,
      body: joinLines(numbers.map((i) => lines[i])),
      bytes: chunkBytes,
    });
    from = to;
  }
  return chunks;
}
