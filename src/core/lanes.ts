/**
 * Which writers a batcher admits, and where a writer goes that is not.
 *
 * The server allows only so many Updates in flight for one workflow run. A writer has one in flight, so a batcher that admits
 * a few writers can never be driven over that limit; the others go to the next lane, a copy of the batcher.
 *
 * @module
 */
import { fnv1a32 } from "./sharding.ts";

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

/** How many lanes a crowd of writers spreads over at each step: with six writers each, enough for a hundred. */
const CROWD_LANES = 16;

/**
 * A writer's way from lane to lane.
 *
 * A lane that is full sends it to the next one, so that few writers share few lanes and batches stay large. A lane whose
 * server turned it away before the batcher could answer is the sign of a crowd that arrives at the same moment: from then
 * on the writer goes to a lane of its own choice, by its id, among the next sixteen, so that the crowd does not move on as
 * one.
 */
export class LaneWalk {
  #lane = 0;
  /** Steps in a crowd so far: each leads into the next sixteen lanes. */
  #leaps = 0;

  constructor(private readonly writerId: string) {}

  /** The lane to write to. */
  get lane(): number {
    return this.#lane;
  }

  /** The batcher of this lane has its number of writers. */
  full(): void {
    if (this.#leaps > 0) this.#leap();
    else this.#lane++;
  }

  /** The server turned the writer away, which has never been admitted to this lane. */
  crowded(): void {
    this.#leap();
  }

  #leap(): void {
    const choice = fnv1a32(`${this.#leaps}/${this.writerId}`) % CROWD_LANES;
    this.#lane = this.#leaps === 0 ? this.#lane + 1 + choice : this.#firstOfNext + choice;
    this.#firstOfNext = this.#lane - choice + CROWD_LANES;
    this.#leaps++;
  }

  #firstOfNext = 0;
}
