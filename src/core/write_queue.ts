/**
 * The writes that wait for a flush.
 *
 * @module
 */

/** A write that is admitted and not yet settled, or, once `receipt` is there, settled. */
export interface PendingWrite<R> {
  readonly requestId: string;
  readonly digest: string;
  receipt: R | undefined;
}

/** Part of a batch: writes that came with one Update and are flushed together. */
export interface Chunk<R> {
  readonly writes: readonly PendingWrite<R>[];
  readonly digests: string;
  readonly keys: readonly (string | null)[] | undefined;
  /** Names the delivery that the chunk came with. */
  readonly mark: number | undefined;
  /** One line of JSON for each write. */
  readonly body: Uint8Array;
  /** Size as the limits count it. */
  readonly bytes: number;
  /** See `SubmissionHeader.storedFromBytes`. */
  readonly storedFromBytes?: number;
}

/** Queues chunks in the order of their admission and takes batches off the front. */
export class WriteQueue<R> {
  readonly #chunks: Chunk<R>[] = [];
  #writes = 0;
  #bytes = 0;

  /** Writes in the queue. */
  get writes(): number {
    return this.#writes;
  }

  /** Bytes in the queue. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Writes of the chunk that is taken next. */
  get nextWrites(): number {
    return this.#chunks[0]?.writes.length ?? 0;
  }

  /** Appends a chunk. */
  push(chunk: Chunk<R>): void {
    this.#chunks.push(chunk);
    this.#writes += chunk.writes.length;
    this.#bytes += chunk.bytes;
  }

  /**
   * Takes chunks off the front while they fit.
   *
   * @returns At least one chunk if there is one, even if that one alone is over a limit.
   */
  take(writesMax: number, bytesMax: number): Chunk<R>[] {
    let writes = 0;
    let bytes = 0;
    let count = 0;
    for (const chunk of this.#chunks) {
      writes += chunk.writes.length;
      bytes += chunk.bytes;
      if (count > 0 && (writes > writesMax || bytes > bytesMax)) break;
      count++;
    }
    const taken = this.#chunks.splice(0, count);
    for (const chunk of taken) {
      this.#writes -= chunk.writes.length;
      this.#bytes -= chunk.bytes;
    }
    return taken;
  }
}
