/**
 * A model of a batcher: slow, obvious, and without the shortcuts of the real one. It checks every answer as it comes.
 *
 * @module
 */
import { assert, assertEquals, assertFalse, assertLessOrEqual, assertThrows } from "@std/assert";
import { type Batch, GroupCommit, type Ticket } from "../../src/core/group_commit.ts";
import { FAILURE } from "../../src/protocol/failures.ts";
import { PROTOCOL_VERSION, type SubmissionHeader } from "../../src/protocol/messages.ts";
import { resolveBatchingOptions } from "../../src/protocol/options.ts";
import { decodeRuns, encodeRuns, type WriteReceipt } from "../../src/protocol/receipt_runs.ts";

import {
  asReceipt,
  asSubmission,
  asWrite,
  bytesOf,
  type ModelItem,
  type ModelLimits,
  type ModelOutcome,
  type ModelWrite,
} from "./model_write.ts";
import { ModelWriters } from "./model_writers.ts";

const decoder = new TextDecoder();

interface ModelTicket {
  readonly header: SubmissionHeader;
  readonly ticket: Ticket;
  readonly writes: readonly ModelWrite[];
  answered: boolean;
}

export class GroupCommitModel {
  readonly #real: GroupCommit;
  readonly #queue: ModelWrite[] = [];
  readonly #pending = new Map<string, ModelWrite>();
  readonly #settled = new Map<string, { digest: string; mark: number | undefined; receipt: WriteReceipt }>();
  readonly #flights: { batch: Batch; writes: readonly ModelWrite[] }[] = [];
  readonly #tickets: ModelTicket[] = [];
  readonly #writers: ModelWriters;
  #closed = false;
  #admitted = 0;
  #flushes = 0;

  constructor(private readonly limits: ModelLimits, implementation: typeof GroupCommit = GroupCommit) {
    this.#real = new implementation({ ...resolveBatchingOptions(), ...limits });
    this.#writers = new ModelWriters(limits.writersMax, limits.writerLeaseMs);
  }

  submit(items: readonly ModelItem[], writer = "model", version = PROTOCOL_VERSION, mark?: number): void {
    const writes = items.map((item) => asWrite(item, version, mark));
    const [header, body] = asSubmission(writes, writer, version, mark);
    const refusal = this.#refusalTwice(header, body);
    const bytes = writes.reduce((sum, write) => sum + bytesOf(write), writes.length - 1);
    const expected = this.#expectedRefusal(writer, writes, bytes);
    assertEquals(refusal?.type, expected?.type);
    if (refusal === undefined) return this.#admit(header, body, writes);
    if (refusal.type === FAILURE.REQUEST_ID_CONFLICT) assertEquals(refusal.requestIds, expected!.requestIds!);
    if (refusal.type === FAILURE.ALREADY_COMMITTED) {
      assertEquals(
        decodeRuns(refusal.runs, writes.length),
        writes.map((write) => this.#recall(write)!.receipt),
      );
    }
  }

  /** Arguments that no writer of ours sends. */
  submitMalformed(header: unknown, body: unknown): void {
    assertEquals(this.#refusalTwice(header, body)?.type, FAILURE.INVALID_WRITE);
  }

  /** Time goes by. */
  wait(ms: number): void {
    this.#writers.nowMs += ms;
    this.check();
  }

  take(): void {
    if (!this.#real.hasQueued) return;
    const batch = this.#real.take(`batch-${++this.#flushes}`);
    const writes = this.#queue.splice(0, batch.writes);
    assert(batch.writes > 0, "a batch must make progress");
    const { maxBatchWrites, maxBatchBytes } = this.limits;
    if (batch.writes > 1) {
      assertLessOrEqual(batch.writes, maxBatchWrites);
      assertLessOrEqual(writes.reduce((sum, write) => sum + bytesOf(write), 0), maxBatchBytes);
    }
    const { pieces } = batch.header;
    assertEquals(pieces.flatMap((piece) => piece.ids), writes.map((write) => write.requestId));
    assertEquals(pieces.map((piece) => piece.digests).join(""), writes.map((write) => write.digest).join(""));
    assertEquals(pieces.flatMap(({ ids, mark }) => ids.map(() => mark)), writes.map(({ mark }) => mark));
    assertEquals(
      pieces.flatMap((piece) => piece.keys ?? piece.ids.map(() => null)),
      writes.map((write) => write.key),
    );
    const lines = pieces.map(({ ids }, p) => {
      const ofPiece = decoder.decode(batch.bodies[p]).split("\n");
      assertEquals(ofPiece.length, ids.length);
      return ofPiece;
    });
    assertEquals(lines.flat(), writes.map((write) => write.line));
    this.#flights.push({ batch, writes });
    this.check();
  }

  settle(flight: number, outcomes: readonly ModelOutcome[]): void {
    if (this.#flights.length === 0) return;
    const [{ batch, writes }] = this.#flights.splice(flight % this.#flights.length, 1);
    const receipts = writes.map((_, i) => asReceipt(outcomes[i % outcomes.length], batch.header.batchId, i));
    const before = this.#stats();
    assertThrows(() => this.#real.settle(batch, { runs: encodeRuns([...receipts, receipts[0]]) }), RangeError);
    assertEquals(this.#stats(), before, "an answer that does not fit must settle nothing");
    this.#real.settle(batch, { runs: encodeRuns(receipts) });
    writes.forEach((write, i) => this.#settleOne(write, receipts[i]));
    this.#answerTickets();
    this.check();
  }

  settleAll(flight: number): void {
    if (this.#flights.length === 0) return;
    const [{ batch, writes }] = this.#flights.splice(flight % this.#flights.length, 1);
    const receipt = asReceipt("unknown", batch.header.batchId, 0);
    this.#real.settleAll(batch, receipt);
    for (const write of writes) this.#settleOne(write, receipt);
    this.#answerTickets();
    this.check();
  }

  close(): void {
    this.#real.close();
    this.#closed = true;
  }

  /** Ends everything that is open; nothing may be left. */
  finish(): void {
    while (this.#real.hasQueued) this.take();
    while (this.#flights.length > 0) this.settle(0, ["committed"]);
    assertEquals([this.#queue.length, this.#pending.size], [0, 0]);
    assertEquals([this.#real.pendingWrites, this.#real.pendingBytes], [0, 0]);
    assertEquals({ ...this.#real.counters }, {
      admittedUpdates: this.#tickets.length,
      admittedWrites: this.#admitted,
      flushes: this.#flushes,
    });
    for (const { ticket } of this.#tickets) assert(ticket.answer, "every caller must have its answer");
    this.wait(this.limits.writerLeaseMs);
    assertEquals(this.#real.writers.count(this.#writers.nowMs), 0);
  }

  check(): void {
    assertEquals(this.#real.pendingWrites, this.#pending.size);
    assertEquals(this.#real.hasQueued, this.#queue.length > 0);
    const bytes = [...this.#pending.values()].reduce((sum, write) => sum + bytesOf(write), 0);
    assertLessOrEqual(bytes, this.#real.pendingBytes);
    assertLessOrEqual(this.#real.pendingBytes, bytes + this.#pending.size, "no more than a line feed for each write");
    this.#checkFullBatch();
    assertEquals(this.#real.writers.count(this.#writers.nowMs), this.#writers.count);
    assertLessOrEqual(this.#writers.count, this.limits.writersMax);
    for (const { ticket, writes } of this.#tickets) {
      assertEquals(ticket.answer !== undefined, writes.every((write) => write.receipt !== undefined));
      if (ticket.answer) assertEquals(decodeRuns(ticket.answer, writes.length), writes.map((write) => write.receipt!));
    }
  }

  #checkFullBatch(): void {
    const { maxBatchWrites, maxBatchBytes } = this.limits;
    const bytes = this.#queue.reduce((sum, write) => sum + bytesOf(write), 0);
    const full = this.#closed || this.#queue.length >= maxBatchWrites;
    if (full || bytes >= maxBatchBytes) assert(this.#real.hasFullBatch);
    else if (bytes + this.#queue.length < maxBatchBytes) assertFalse(this.#real.hasFullBatch);
  }

  /** What the shell does: it answers each submission as soon as all of it is settled. */
  #answerTickets(): void {
    for (const ticket of this.#tickets) {
      if (ticket.answered || ticket.writes.some((write) => write.receipt === undefined)) continue;
      ticket.answered = true;
      this.#real.leave(ticket.header, this.#writers.nowMs);
      this.#writers.leave(ticket.header.writer);
    }
  }

  #refusalTwice(header: unknown, body: unknown) {
    const before = this.#stats();
    const refusal = this.#real.refusal(header, body, this.#writers.nowMs);
    assertEquals(this.#real.refusal(header, body, this.#writers.nowMs), refusal);
    assertEquals(this.#stats(), before, "to look at a submission must change nothing");
    return refusal;
  }

  #stats() {
    const { pendingWrites, pendingBytes, hasQueued, counters, settled, writers } = this.#real;
    return {
      pendingWrites,
      pendingBytes,
      hasQueued,
      ...counters,
      settled: settled.snapshot(),
      writers: writers.snapshot(),
    };
  }

  #expectedRefusal(
    writer: string,
    writes: readonly ModelWrite[],
    bytes: number,
  ): { type: string; requestIds?: string[] } | undefined {
    const known = (write: ModelWrite) => this.#recall(write) ?? this.#pending.get(write.requestId);
    const comparable = (write: ModelWrite) => known(write)?.digest.length === write.digest.length;
    const conflicts = writes.filter((write) => comparable(write) && known(write)!.digest !== write.digest);
    if (conflicts.length > 0) {
      return { type: FAILURE.REQUEST_ID_CONFLICT, requestIds: conflicts.map((write) => write.requestId) };
    }
    if (writes.every((write) => this.#recall(write) !== undefined)) return { type: FAILURE.ALREADY_COMMITTED };
    if (!this.#writers.admits(writer)) return { type: FAILURE.LANE_FULL };
    if (this.#writers.isBusy(writer)) return { type: FAILURE.WRITER_BUSY };
    // Until the ledger has the other write, nobody can tell whether they are the same.
    if (writes.some((write) => known(write) && !comparable(write))) return { type: FAILURE.OVERLOADED };
    const fresh = writes.filter((write) => known(write) === undefined).length;
    if (fresh === 0) return undefined;
    const { maxPendingWrites, maxPendingBytes } = this.limits;
    const full = this.#pending.size > 0 &&
      (this.#pending.size + fresh > maxPendingWrites || this.#real.pendingBytes + bytes > maxPendingBytes);
    return this.#closed || full ? { type: FAILURE.OVERLOADED } : undefined;
  }

  #admit(header: SubmissionHeader, body: Uint8Array, writes: readonly ModelWrite[]): void {
    const wasEmpty = this.#pending.size === 0;
    const admittedBefore = this.#admitted;
    const ticket = this.#real.admit(header, body, this.#writers.nowMs);
    this.#writers.enter(header.writer);
    const shared = writes.map((write): ModelWrite => {
      const settled = this.#recall(write);
      if (settled) return { ...write, receipt: settled.receipt };
      const pending = this.#pending.get(write.requestId);
      if (pending) return pending;
      this.#pending.set(write.requestId, write);
      this.#queue.push(write);
      this.#admitted++;
      return write;
    });
    this.#tickets.push({ header, ticket, writes: shared, answered: false });
    // An empty batcher admits what is larger than its limits; later on what only attaches takes no more room.
    if (!wasEmpty && this.#admitted > admittedBefore) {
      assertLessOrEqual(this.#real.pendingWrites, this.limits.maxPendingWrites);
    }
    this.check();
  }

  #settleOne(write: ModelWrite, receipt: WriteReceipt): void {
    assertEquals(write.receipt, undefined, "no write may be settled twice");
    write.receipt = receipt;
    this.#pending.delete(write.requestId);
    if (!("committedAt" in receipt) || receipt.result !== undefined) return;
    const { requestId, digest, mark } = write;
    if (mark === undefined) {
      this.#settled.set(requestId, { digest, mark, receipt: { ...receipt, status: "duplicate" } });
    } else if (receipt.status === "committed") {
      this.#settled.set(requestId, { digest, mark, receipt });
    }
  }

  /** What memory may answer: the delivery that stored the write, and writers without marks for each other. */
  #recall({ requestId, digest, mark }: ModelWrite) {
    const settled = this.#settled.get(requestId);
    if (settled === undefined || settled.mark !== mark || settled.digest.length !== digest.length) return undefined;
    return mark !== undefined && settled.digest !== digest ? undefined : settled;
  }
}
