/**
 * A model of a batcher: slow, obvious, and without the shortcuts of the real one. It checks every answer as it comes.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { type Batch, GroupCommit, type Ticket } from "../../src/core/group_commit.ts";
import { FAILURE } from "../../src/protocol/failures.ts";
import { PROTOCOL_VERSION, type SubmissionHeader } from "../../src/protocol/messages.ts";
import { resolveBatchingOptions } from "../../src/protocol/options.ts";
import { decodeRuns, encodeRuns, type WriteReceipt } from "../../src/protocol/receipt_runs.ts";

/** One write of a submission. Another variant is other data under the same id. */
export interface ModelItem {
  readonly id: number;
  readonly variant: number;
  readonly key: string | null;
}

export interface ModelLimits {
  readonly maxBatchWrites: number;
  readonly maxBatchBytes: number;
  readonly maxPendingWrites: number;
  readonly maxPendingBytes: number;
}

/** What a sink may answer for one write; each time another one in the real system, so the model numbers them. */
export type ModelOutcome = "committed" | "result" | "duplicate" | "rejected" | "conflict" | "failed" | "unknown";

interface ModelWrite {
  readonly requestId: string;
  readonly digest: string;
  readonly line: string;
  readonly key: string | null;
  receipt?: WriteReceipt;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function asWrite({ id, variant, key }: ModelItem): ModelWrite {
  // Lengths differ, one character is longer in bytes than in characters, and some lines of foreign writers are empty.
  const line = id % 7 === 6 ? "" : JSON.stringify({ v: variant, pad: "é".repeat(id % 4) });
  return { requestId: `id-${id}`, digest: `digest-${id}-${variant}`.padEnd(16, "_"), line, key };
}

function bytesOf({ requestId, key, line }: ModelWrite): number {
  return requestId.length + (key?.length ?? 0) + encoder.encode(line).length;
}

export class GroupCommitModel {
  readonly #real: GroupCommit;
  readonly #queue: ModelWrite[] = [];
  readonly #pending = new Map<string, ModelWrite>();
  readonly #settled = new Map<string, { digest: string; receipt: WriteReceipt }>();
  readonly #flights: { batch: Batch; writes: readonly ModelWrite[] }[] = [];
  readonly #tickets: { ticket: Ticket; writes: readonly ModelWrite[] }[] = [];
  #closed = false;
  #admitted = 0;
  #flushes = 0;

  constructor(private readonly limits: ModelLimits, implementation: typeof GroupCommit = GroupCommit) {
    this.#real = new implementation({ ...resolveBatchingOptions(), ...limits });
  }

  submit(items: readonly ModelItem[]): void {
    const writes = items.map(asWrite);
    const header: SubmissionHeader = {
      version: PROTOCOL_VERSION,
      writer: "model",
      ids: writes.map((write) => write.requestId),
      digests: writes.map((write) => write.digest).join(""),
      ...(writes.some((write) => write.key !== null) && { keys: writes.map((write) => write.key) }),
    };
    const body = encoder.encode(writes.map((write) => write.line).join("\n"));
    const refusal = this.#refusalTwice(header, body);
    const expected = this.#expectedRefusal(
      writes,
      writes.reduce((sum, write) => sum + bytesOf(write), writes.length - 1),
    );
    assertEquals(refusal?.type, expected?.type);
    if (refusal === undefined) return this.#admit(header, body, writes);
    if (refusal.type === FAILURE.REQUEST_ID_CONFLICT) assertEquals(refusal.requestIds, expected!.requestIds!);
    if (refusal.type === FAILURE.ALREADY_COMMITTED) {
      assertEquals(
        decodeRuns(refusal.runs, writes.length),
        writes.map(({ requestId }) => this.#settled.get(requestId)!.receipt),
      );
    }
  }

  /** Arguments that no writer of ours sends. */
  submitMalformed(header: unknown, body: unknown): void {
    assertEquals(this.#refusalTwice(header, body)?.type, FAILURE.INVALID_WRITE);
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
    assertThrows(() => this.#real.settle(batch, encodeRuns([...receipts, receipts[0]])), RangeError);
    assertEquals(this.#stats(), before, "an answer that does not fit must settle nothing");
    this.#real.settle(batch, encodeRuns(receipts));
    writes.forEach((write, i) => this.#settleOne(write, receipts[i]));
    this.check();
  }

  settleAll(flight: number): void {
    if (this.#flights.length === 0) return;
    const [{ batch, writes }] = this.#flights.splice(flight % this.#flights.length, 1);
    const receipt = asReceipt("unknown", batch.header.batchId, 0);
    this.#real.settleAll(batch, receipt);
    for (const write of writes) this.#settleOne(write, receipt);
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
    assertEquals({ ...this.#real.counters }, { admittedWrites: this.#admitted, flushes: this.#flushes });
    for (const { ticket } of this.#tickets) assert(ticket.done, "every caller must have its answer");
  }

  check(): void {
    assertEquals(this.#real.pendingWrites, this.#pending.size);
    assertEquals(this.#real.hasQueued, this.#queue.length > 0);
    const bytes = [...this.#pending.values()].reduce((sum, write) => sum + bytesOf(write), 0);
    assertLessOrEqual(bytes, this.#real.pendingBytes);
    assertLessOrEqual(this.#real.pendingBytes, bytes + this.#pending.size, "no more than a line feed for each write");
    for (const { ticket, writes } of this.#tickets) {
      assertEquals(ticket.done, writes.every((write) => write.receipt !== undefined));
      if (ticket.done) assertEquals(decodeRuns(ticket.runs, writes.length), writes.map((write) => write.receipt!));
    }
  }

  #refusalTwice(header: unknown, body: unknown) {
    const before = this.#stats();
    const refusal = this.#real.refusal(header, body);
    assertEquals(this.#real.refusal(header, body), refusal);
    assertEquals(this.#stats(), before, "to look at a submission must change nothing");
    return refusal;
  }

  #stats() {
    const { pendingWrites, pendingBytes, hasQueued, counters, settled } = this.#real;
    return { pendingWrites, pendingBytes, hasQueued, ...counters, settled: settled.snapshot() };
  }

  #expectedRefusal(writes: readonly ModelWrite[], bytes: number): { type: string; requestIds?: string[] } | undefined {
    const known = (write: ModelWrite) => this.#settled.get(write.requestId) ?? this.#pending.get(write.requestId);
    const conflicts = writes.filter((write) => (known(write)?.digest ?? write.digest) !== write.digest);
    if (conflicts.length > 0) {
      return { type: FAILURE.REQUEST_ID_CONFLICT, requestIds: conflicts.map((write) => write.requestId) };
    }
    if (writes.every((write) => this.#settled.has(write.requestId))) return { type: FAILURE.ALREADY_COMMITTED };
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
    const ticket = this.#real.admit(header, body);
    const shared = writes.map((write): ModelWrite => {
      const settled = this.#settled.get(write.requestId);
      if (settled) return { ...write, receipt: settled.receipt };
      const pending = this.#pending.get(write.requestId);
      if (pending) return pending;
      this.#pending.set(write.requestId, write);
      this.#queue.push(write);
      this.#admitted++;
      return write;
    });
    this.#tickets.push({ ticket, writes: shared });
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
    this.#settled.set(write.requestId, { digest: write.digest, receipt: { ...receipt, status: "duplicate" } });
  }
}

function asReceipt(outcome: ModelOutcome, batchId: string, n: number): WriteReceipt {
  const committedAt = "2026-01-01T00:00:00.000Z";
  if (outcome === "committed") return { status: outcome, batchId, committedAt };
  if (outcome === "result") return { status: "committed", batchId, committedAt, result: { n } };
  if (outcome === "duplicate") return { status: outcome, batchId: `older-${n % 2}`, committedAt };
  return { status: outcome, batchId, errorType: `type-${n % 2}`, errorMessage: `message of ${outcome}` };
}
