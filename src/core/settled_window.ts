/**
 * A bounded memory of the writes that were settled last.
 *
 * @module
 */
import { LIMITS } from "../protocol/limits.ts";
import { DIGEST_CHARS, type SettledSnapshot } from "../protocol/messages.ts";
import type { WriteReceipt } from "../protocol/receipt_runs.ts";
import { textBytes } from "../protocol/text_bytes.ts";

/** A write that is in the ledger, as far as a batcher remembers it. */
export interface SettledWrite {
  readonly digest: string;
  /** The first receipt, as a `duplicate` gets it. */
  readonly receipt: WriteReceipt & { readonly status: "duplicate" };
}

/** Upper bound of the bytes that an id, its digest, its quotes and its comma take as JSON. */
function jsonBytesMax(requestId: string): number {
  return textBytes(requestId) + DIGEST_CHARS + 3;
}

/** Room in a snapshot for what is not a settled write: version, generation, names of fields. */
const SNAPSHOT_FRAME_BYTES = 1_024;

const BATCH_PUNCTUATION_BYTES = '["","",],'.length;
const BATCH_COUNT_BYTES = 8;

/**
 * Upper bound of the bytes that a batch takes in a snapshot. Nobody has checked its id: a control character is six bytes,
 * twice what is counted for a character.
 */
function batchBytesMax({ batchId, committedAt }: SettledWrite["receipt"]): number {
  const text = batchId + committedAt;
  const bytes = textBytes(text);
  return (bytes === text.length ? bytes : 2 * bytes) + BATCH_PUNCTUATION_BYTES + BATCH_COUNT_BYTES;
}

function isOfSameBatch(a: SettledWrite, b: SettledWrite): boolean {
  return a.receipt.batchId === b.receipt.batchId && a.receipt.committedAt === b.receipt.committedAt;
}

/**
 * Remembers settled writes, forgets the oldest ones first, and never holds more than it was told to.
 *
 * It answers repeated writes without asking the ledger; what it has forgotten the ledger still knows.
 */
export class SettledWindow {
  readonly #settled = new Map<string, SettledWrite>();
  #bytes = 0;

  /**
   * @param writesMax Most writes that it remembers.
   * @param bytesMax Most bytes of ids and digests, as JSON.
   */
  constructor(
    private readonly writesMax: number = LIMITS.rememberedWritesMax,
    private readonly bytesMax: number = LIMITS.rememberedBytesMax,
  ) {}

  /** How many writes it remembers. */
  get size(): number {
    return this.#settled.size;
  }

  /** The settled write with this id, if it is remembered. */
  get(requestId: string): SettledWrite | undefined {
    return this.#settled.get(requestId);
  }

  /** Remembers a settled write as the newest one. */
  add(requestId: string, write: SettledWrite): void {
    if (this.#settled.delete(requestId)) this.#bytes -= jsonBytesMax(requestId);
    this.#settled.set(requestId, write);
    this.#bytes += jsonBytesMax(requestId);
    if (this.#settled.size <= this.writesMax && this.#bytes <= this.bytesMax) return;
    for (const oldest of this.#settled.keys()) {
      this.#settled.delete(oldest);
      this.#bytes -= jsonBytesMax(oldest);
      if (this.#settled.size <= this.writesMax && this.#bytes <= this.bytesMax) return;
    }
  }

  /**
   * What it remembers, oldest first. Writes of many batches take more room than those of few: of them it holds the newest
   * ones that fit.
   *
   * @param bytesMax Most bytes of the snapshot, as JSON.
   */
  snapshot(bytesMax: number = LIMITS.snapshotBytesMax - SNAPSHOT_FRAME_BYTES): SettledSnapshot {
    const ids: string[] = [];
    const digests: string[] = [];
    const batches: [batchId: string, committedAt: string, count: number][] = [];
    for (const [requestId, { digest, receipt }] of this.#newest(bytesMax)) {
      ids.push(requestId);
      digests.push(digest);
      const last = batches.at(-1);
      if (last && last[0] === receipt.batchId && last[1] === receipt.committedAt) last[2]++;
      else batches.push([receipt.batchId, receipt.committedAt, 1]);
    }
    return { ids, digests: digests.join(""), batches };
  }

  /** The newest writes that fit into so many bytes of a snapshot, oldest first. */
  #newest(bytesMax: number): [requestId: string, write: SettledWrite][] {
    const entries = [...this.#settled];
    let from = entries.length;
    for (let bytes = 0; from > 0; from--) {
      const [requestId, write] = entries[from - 1];
      bytes += jsonBytesMax(requestId);
      if (from === entries.length || !isOfSameBatch(write, entries[from][1])) bytes += batchBytesMax(write.receipt);
      if (bytes > bytesMax) break;
    }
    return entries.slice(from);
  }

  /** A window that remembers what a snapshot holds. */
  static restore(snapshot: SettledSnapshot): SettledWindow {
    const window = new SettledWindow();
    let at = 0;
    for (const [batchId, committedAt, count] of snapshot.batches) {
      const receipt = { status: "duplicate", batchId, committedAt } as const;
      for (const end = at + count; at < end; at++) {
        const digest = snapshot.digests.slice(at * DIGEST_CHARS, (at + 1) * DIGEST_CHARS);
        window.add(snapshot.ids[at], { digest, receipt });
      }
    }
    return window;
  }
}
