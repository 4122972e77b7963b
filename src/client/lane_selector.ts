/**
 * Which lane a writer goes to.
 *
 * @module
 */
import { fnv1a32 } from "../protocol/fnv1a.ts";

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
export class LaneSelector {
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
