/**
 * The order of things that are compared.
 *
 * @module
 */

/** One turn of one thing. */
export interface Turn<T> {
  /** From 0. */
  readonly round: number;
  readonly item: T;
}

/**
 * Every item once in each round. Each round begins with the next item, and every other one goes backwards: none runs
 * always first, or always after the same other.
 */
export function* interleave<T>(items: readonly T[], rounds: number): Generator<Turn<T>> {
  const count = items.length;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < count; i++) {
      const step = round % 2 === 0 ? i : count - i;
      yield { round, item: items[(round + step) % count] };
    }
  }
}
