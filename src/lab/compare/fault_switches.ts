/**
 * What can be made to go wrong between a worker and its database; the same for every variant.
 *
 * @module
 */
import { SinkError } from "../../sinks/sink.ts";

/** Switches of one database connection. */
export class FaultSwitches {
  /** The database cannot be reached: every write fails at once, and nothing is written. */
  sinkDown = false;
  #held: PromiseWithResolvers<void> | undefined;

  /** @param onCommitted Told about each write that is committed and whose answer is held. */
  constructor(private readonly onCommitted: () => void = () => {}) {}

  /** From now on every write is committed, and its answer does not come. */
  holdAnswers(): void {
    this.#held ??= Promise.withResolvers();
  }

  /** Gives the answers that were held, and holds no more. */
  releaseAnswers(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** Runs a write under the switches. */
  async around<T>(write: () => Promise<T>): Promise<T> {
    if (this.sinkDown) throw new SinkError("unavailable", "no", "The database cannot be reached (switched off)");
    const result = await write();
    if (this.#held !== undefined) {
      this.onCommitted();
      await this.#held.promise;
    }
    return result;
  }
}
