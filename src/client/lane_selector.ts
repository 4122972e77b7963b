/**
 * Chooses the lane of a writer.
 *
 * @module
 */
import { fnv1a32 } from "../protocol/fnv1a.ts";

/** Lanes over which a crowd of writers spreads at each step: with six writers each, they hold nearly a hundred. */
const CROWD_LANES = 16;

/**
 * Moves a writer from lane to lane.
 *
 * From a full lane a writer moves to the next one, so that few writers share few lanes and batches stay large. If the
 * server refuses the writer before the batcher could answer, a crowd arrives at the same moment. From then on the
 * writer's id picks one of the next sixteen lanes, so that the crowd spreads instead of moving on together.
 */
export class LaneSelector {
  #lane = 0;
  /** Crowd steps so far. Each leads into the next sixteen lanes. */
  #leaps = 0;

  constructor(private readonly writerId: string) {}

  /** The lane to write to. */
  get lane(): number {
    return this.#lane;
  }

  /** The batcher of this lane admits no more writers. */
  full(): void {
    if (this.#leaps > 0) this.#leap();
    else this.#lane++;
  }

  /** The server refused a writer that this lane has never admitted. */
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
