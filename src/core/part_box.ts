/**
 * Writes that come in parts, as they are too large for one Update.
 *
 * @module
 */
import { joinBytes } from "../protocol/lines.ts";
import type { SubmissionHeader } from "../protocol/messages.ts";

/** The parts of a write that have come, from the first one on. */
interface Box {
  readonly requestId: string;
  readonly digest: string;
  readonly parts: Uint8Array[];
  /** When the last part came. */
  readonly atMs: number;
}

/** A part that is not followed by another one for so long is of a writer that is gone, or that has begun again elsewhere. */
const NEXT_PART_MS_MAX = 5_000;

/** Keeps the parts of at most one write for each writer, and of no more writers than it was told. */
export class PartBox {
  readonly #boxes = new Map<string, Box>();

  constructor(private readonly writersMax: number) {}

  /** Bytes of the parts that a writer has sent so far; its next first part replaces them. */
  bytesOf(writer: string): number {
    return this.#boxes.get(writer)?.parts.reduce((sum, part) => sum + part.length, 0) ?? 0;
  }

  /** Whether parts have come whose write is still to be completed. */
  awaitsParts(nowMs: number): boolean {
    for (const { atMs } of this.#boxes.values()) if (nowMs - atMs < NEXT_PART_MS_MAX) return true;
    return false;
  }

  /** Whether a part is the first one, or follows those that have come. */
  takes({ writer, ids: [requestId], digests, part }: SubmissionHeader): boolean {
    if (part === undefined || part.index === 0) return true;
    const box = this.#boxes.get(writer);
    return box?.requestId === requestId && box.digest === digests && box.parts.length === part.index;
  }

  /**
   * Adds a body that {@linkcode takes} would take.
   *
   * @returns The whole body, or nothing if parts are still to come.
   */
  add(header: SubmissionHeader, body: Uint8Array, nowMs: number): Uint8Array | undefined {
    const { writer, ids: [requestId], digests, part } = header;
    const parts = part !== undefined && part.index > 0 ? this.#boxes.get(writer)?.parts ?? [] : [];
    // Whatever a writer sends next, it has given up what it had begun before.
    this.#boxes.delete(writer);
    if (part === undefined) return body;
    parts.push(body);
    if (part.index === part.count - 1) return joinBytes(parts);
    this.#boxes.set(writer, { requestId, digest: digests, parts, atMs: nowMs });
    // The one that has waited longest is of a writer that is gone; if not, it begins again.
    for (const oldest of this.#boxes.keys()) {
      if (this.#boxes.size <= this.writersMax) break;
      this.#boxes.delete(oldest);
    }
    return undefined;
  }
}
