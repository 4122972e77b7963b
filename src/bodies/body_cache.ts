/**
 * The bodies that a process has read lately.
 *
 * @module
 */
import type { Payload } from "@temporalio/common";
import { createHash } from "node:crypto";

/** A reference as it stands in a claim. */
export type ClaimData = Readonly<Record<string, string>>;

interface Entry {
  readonly claimData: ClaimData;
  readonly payload: Payload;
  readonly contentKey: string;
}

/**
 * Finds a body by its reference, and the reference of a body.
 *
 * A batcher hands the body of an Update on to its flush as it came. The SDK would store it a second time for that, and
 * read it again, also where the flush is a local activity of the same process; and once more in each replay.
 */
export class BodyCache {
  /** By reference, the one that was used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  readonly #byContent = new Map<string, Entry>();
  #bytes = 0;

  constructor(private readonly bytesMax: number) {}

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a body of an owner. */
  add(owner: string, claimData: ClaimData, payload: Payload): void {
    const key = keyOf(claimData);
    const entry = { claimData, payload, contentKey: contentKeyOf(owner, payload) };
    this.#remove(key);
    this.#entries.set(key, entry);
    // The same content under a newer reference: the owner's present run has that one.
    this.#byContent.set(entry.contentKey, entry);
    this.#bytes += sizeOf(payload);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.bytesMax) return;
      this.#remove(oldest);
    }
  }

  /** The body of a reference, if it is kept. */
  get(claimData: ClaimData): Payload | undefined {
    const key = keyOf(claimData);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return { ...entry.payload };
  }

  /** The reference under which an owner's body is stored already, if it is kept. */
  referenceTo(owner: string, payload: Payload): ClaimData | undefined {
    return this.#byContent.get(contentKeyOf(owner, payload))?.claimData;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    if (this.#byContent.get(entry.contentKey) === entry) this.#byContent.delete(entry.contentKey);
    this.#bytes -= sizeOf(entry.payload);
  }
}

function keyOf(claimData: ClaimData): string {
  return JSON.stringify(Object.entries(claimData).sort());
}

function contentKeyOf(owner: string, { metadata, data }: Payload): string {
  const hash = createHash("sha256").update(data ?? new Uint8Array());
  const names = Object.entries(metadata ?? {}).map(([name, value]) => [name, [...value]]).sort();
  return `${owner}\n${JSON.stringify(names)}\n${hash.digest("base64url")}`;
}

function sizeOf({ data }: Payload): number {
  return data?.length ?? 0;
}
