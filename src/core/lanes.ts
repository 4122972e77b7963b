/**
 * Which writers a batcher admits.
 *
 * The server allows only so many Updates in flight for one workflow run. A writer has one in flight, so a batcher that admits
 * a few writers can never be driven over that limit; the others go to the next lane, a copy of the batcher.
 *
 * @module
 */

/**
 * The writers of one batcher. A writer that is silent for the length of its lease loses its place, but not while an Update of
 * it is in flight: a flush may take longer than a lease, and what counts against the server's limit is the Update.
 */
export class WriterLeases {
  /** When each writer was last heard of. */
  readonly #seenAtMs: Map<string, number>;
  /** Updates in flight of each writer that has any. */
  readonly #inFlight = new Map<string, number>();

  /**
   * @param writersMax Writers that have a place at the same time.
   * @param leaseMs How long a place is kept for a silent writer.
   * @param seenAtMs What {@linkcode snapshot} has returned in the run before.
   */
  constructor(
    private readonly writersMax: number,
    private readonly leaseMs: number,
    seenAtMs: readonly (readonly [writer: string, seenAtMs: number])[] = [],
  ) {
    this.#seenAtMs = new Map(seenAtMs);
  }

  /** Writers with a place. */
  count(nowMs: number): number {
    let count = 0;
    for (const writer of this.#seenAtMs.keys()) if (this.#isCurrent(writer, nowMs)) count++;
    return count;
  }

  /** Whether a writer has a place or can have one. Changes nothing. */
  hasPlaceFor(writer: string, nowMs: number): boolean {
    return this.#isCurrent(writer, nowMs) || this.count(nowMs) < this.writersMax;
  }

  /** Whether an Update of a writer is in flight. */
  hasInFlight(writer: string): boolean {
    return this.#inFlight.has(writer);
  }

  /** An Update of a writer is let in: gives the writer a place, or keeps it. */
  enter(writer: string, nowMs: number): void {
    this.#inFlight.set(writer, (this.#inFlight.get(writer) ?? 0) + 1);
    this.#seenAtMs.set(writer, nowMs);
    for (const known of this.#seenAtMs.keys()) if (!this.#isCurrent(known, nowMs)) this.#seenAtMs.delete(known);
  }

  /** The Update is answered: the place is kept for another lease. */
  leave(writer: string, nowMs: number): void {
    const left = this.#inFlight.get(writer)! - 1;
    if (left === 0) this.#inFlight.delete(writer);
    else this.#inFlight.set(writer, left);
    this.#seenAtMs.set(writer, nowMs);
  }

  /** The places, for the next run. */
  snapshot(): [writer: string, seenAtMs: number][] {
    return [...this.#seenAtMs];
  }

  #isCurrent(writer: string, nowMs: number): boolean {
    const seenAtMs = this.#seenAtMs.get(writer);
    return seenAtMs !== undefined && (nowMs - seenAtMs < this.leaseMs || this.#inFlight.has(writer));
  }
}
