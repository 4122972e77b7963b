/**
 * Lines that are read before they are wanted.
 *
 * @module
 */

/** Asks for each line while the one before it is taken, and so knows whether the last one has been. */
export class LinesAhead<T> {
  #given = 0;
  #isOver = false;

  /** Whether the input had no more than so many lines, as far as it has said. */
  endsAfter(taken: number): boolean {
    return this.#isOver && taken === this.#given;
  }

  /** Hands the lines on. */
  async *read(source: AsyncIterable<T>): AsyncGenerator<T> {
    const lines = source[Symbol.asyncIterator]();
    for (let next = this.#ask(lines);;) {
      const { done, value } = await next;
      if (done) return;
      next = this.#ask(lines);
      this.#given++;
      yield value;
    }
  }

  #ask(lines: AsyncIterator<T>): Promise<IteratorResult<T>> {
    const next = lines.next();
    // A line that cannot be read is told of when it is wanted.
    next.then(({ done }) => this.#isOver = done === true, () => {});
    return next;
  }
}
