/**
 * A bounded memory of the writes that were settled last.
 *
 * @module
 */
import { LIMITS } from "../protocol/limits.ts";
import { DIGEST_CHARS, digestAt } from "../protocol/digests.ts";
import type { SettledSnapshot } from "../protocol/messages.ts";
import type { WriteReceipt } from "../protocol/receipt_runs.ts";
import { textBytes } from "../protocol/text_bytes.ts";

/** A write that is in the ledger, as far as a batcher remembers it. */
export interface SettledWrite {
  readonly digest: string;
  /** Names the delivery that stored it, where its writer knows marks. */
  readonly mark?: number;
  /** The first receipt, as a `duplicate` gets it. */
  readonly receipt: WriteReceipt & { readonly status: "duplicate" };
}

/** Puts a remembered write together. Spreading is slow in the sandbox, and this is done for every write. */
export function settledWrite(
  digest: string,
  mark: number | undefined,
  receipt: SettledWrite["receipt"],
): SettledWrite {
  return mark === undefined ? { digest, receipt } : { digest, mark, receipt };
}

/** A remembered write, and what it counts for. */
interface Entry {
  readonly requestId: string;
  readonly write: SettledWrite;
  readonly bytes: number;
}

/** Upper bound of the bytes that an id, its digest, its quotes and its comma take as JSON. */
function jsonBytesMax(requestId: string, digest: string): number {
  return textBytes(requestId) + digest.length + 3;
}

const BATCH_PUNCTUATION_BYTES = '["","",],'.length;
const BATCH_COUNT_BYTES = 8;
const BATCH_MARK_BYTES = `,${Number.MAX_SAFE_INTEGER}`.length;

/**
 * Upper bound of the bytes that a batch takes in a snapshot. Nobody has checked its id: a control character is six bytes,
 * twice what is counted for a character.
 */
function batchBytesMax({ batchId, committedAt }: SettledWrite["receipt"]): number {
  const text = batchId + committedAt;
  const bytes = textBytes(text);
  return (bytes === text.length ? bytes : 2 * bytes) + BATCH_PUNCTUATION_BYTES + BATCH_COUNT_BYTES + BATCH_MARK_BYTES;
}

function isOfSameBatch(a: SettledWrite, b: SettledWrite): boolean {
  return a.mark === b.mark && a.receipt.batchId === b.receipt.batchId &&
    a.receipt.committedAt === b.receipt.committedAt;
}

/**
 * Remembers settled writes, forgets the oldest ones first, and never holds more than it was told to.
 *
 * It answers repeated writes without asking the ledger; what it has forgotten the ledger still knows.
 */
export class SettledWindow {
  readonly #settled = new Map<string, Entry>();
  /** Entries, oldest first, from `#oldest` on; one that was replaced since is no longer in the map. */
  #order: Entry[] = [];
  #oldest = 0;
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
    return this.#settled.get(requestId)?.write;
  }

  /** Remembers a settled write as the newest one. */
  add(requestId: string, write: SettledWrite): void {
    const entry = { requestId, write, bytes: jsonBytesMax(requestId, write.digest) };
    this.#bytes += entry.bytes - (this.#settled.get(requestId)?.bytes ?? 0);
    this.#settled.set(requestId, entry);
    this.#order.push(entry);
    while (this.#settled.size > this.writesMax || this.#bytes > this.bytesMax) this.#forgetOldest();
    if (2 * this.#oldest <= this.#order.length) return;
    this.#order = this.#order.slice(this.#oldest);
    this.#oldest = 0;
  }

  /** Forgets everything: the ledger has become another one. */
  clear(): void {
    this.#settled.clear();
    this.#order = [];
    this.#oldest = 0;
    this.#bytes = 0;
  }

  #forgetOldest(): void {
    const entry = this.#order[this.#oldest++];
    if (this.#settled.get(entry.requestId) !== entry) return;
    this.#settled.delete(entry.requestId);
    this.#bytes -= entry.bytes;
  }

  /**
   * What it remembers, oldest first, but for writes whose digests are of an earlier version. Writes of many batches take more room than those of few: of them it holds the newest
   * ones that fit.
   *
   * @param bytesMax Most bytes of the snapshot, as JSON.
   */
  snapshot(bytesMax: number = Infinity): SettledSnapshot {
    const ids: string[] = [];
    const digests: string[] = [];
    const batches: [batchId: string, committedAt: string, count: number, mark?: number][] = [];
    let last: SettledWrite | undefined;
    for (const { requestId, write } of this.#newest(bytesMax)) {
      const { digest, mark, receipt: { batchId, committedAt } } = write;
      ids.push(requestId);
      digests.push(digest);
      if (last && isOfSameBatch(last, write)) batches.at(-1)![2]++;
      else batches.push(mark === undefined ? [batchId, committedAt, 1] : [batchId, committedAt, 1, mark]);
      last = write;
    }
    return { ids, digests: digests.join(""), batches };
  }

  /** The newest writes that fit into so many bytes of a snapshot, oldest first. */
  #newest(bytesMax: number): Entry[] {
    const entries = this.#order.slice(this.#oldest).filter((entry) =>
      this.#settled.get(entry.requestId) === entry && entry.write.digest.length === DIGEST_CHARS
    );
    let from = entries.length;
    for (let bytes = 0; from > 0; from--) {
      const { write, bytes: entryBytes } = entries[from - 1];
      bytes += entryBytes;
      if (from === entries.length || !isOfSameBatch(write, entries[from].write)) bytes += batchBytesMax(write.receipt);
      if (bytes > bytesMax) break;
    }
    return entries.slice(from);
  }

  /** A window that remembers what a snapshot holds. */
  static restore(snapshot: SettledSnapshot): SettledWindow {
    const window = new SettledWindow();
    let at = 0;
    for (const [batchId, committedAt, count, mark] of snapshot.batches) {
      const receipt = { status: "duplicate", batchId, committedAt } as const;
      for (const end = at + count; at < end; at++) {
        const digest = digestAt(snapshot.digests, snapshot.ids.length, at);
        window.add(snapshot.ids[at], settledWrite(digest, mark, receipt));
      }
    }
    return window;
  }
}
