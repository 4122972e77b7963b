/**
 * Runs asynchronous work one piece at a time.
 *
 * @module
 */

/** A queue of one lane: each piece of work starts when the one before it has ended, well or not. */
export class Serial {
  #tail: Promise<unknown> = Promise.resolve();

  /**
   * Runs `work` after all work that was given before.
   *
   * @returns What `work` returns.
   * @throws What `work` throws; the work behind it still runs.
   */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => {});
    return result;
  }
}
