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
export interface Piece<R> {
  readonly writes: readonly PendingWrite<R>[];
  readonly digests: string;
  readonly keys: readonly (string | null)[] | undefined;
  /** Names the delivery that the piece came with. */
  readonly mark: number | undefined;
  /** One line of JSON for each write. */
  readonly body: Uint8Array;
  /** Size as the limits count it. */
  readonly bytes: number;
  /** See `SubmissionHeader.storedFromBytes`. */
  readonly storedFromBytes?: number;
}

/** Queues pieces in the order of their admission and takes batches off the front. */
export class WriteQueue<R> {
  readonly #pieces: Piece<R>[] = [];
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

  /** Writes of the piece that is taken next. */
  get nextWrites(): number {
    return this.#pieces[0]?.writes.length ?? 0;
  }

  /** Appends a piece. */
  push(piece: Piece<R>): void {
    this.#pieces.push(piece);
    this.#writes += piece.writes.length;
    this.#bytes += piece.bytes;
  }

  /**
   * Takes pieces off the front while they fit.
   *
   * @returns At least one piece if there is one, even if that one alone is over a limit.
   */
  take(writesMax: number, bytesMax: number): Piece<R>[] {
    let writes = 0;
    let bytes = 0;
    let count = 0;
    for (const piece of this.#pieces) {
      writes += piece.writes.length;
      bytes += piece.bytes;
      if (count > 0 && (writes > writesMax || bytes > bytesMax)) break;
      count++;
    }
    const taken = this.#pieces.splice(0, count);
    for (const piece of taken) {
      this.#writes -= piece.writes.length;
      this.#bytes -= piece.bytes;
    }
    return taken;
  }
}
