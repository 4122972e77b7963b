/**
 * Lines of an input, in a few words.
 *
 * @module
 */

/** How many ranges are named. */
const RANGES_SHOWN_MAX = 5;

/** Collects numbers of lines, in any order, and names them as ranges. */
export class LineRanges {
  readonly #numbers: number[] = [];

  /** Adds a line. */
  add(number: number): void {
    this.#numbers.push(number);
  }

  /** How many lines they are. */
  get count(): number {
    return this.#numbers.length;
  }

  /** Whether there is no line. */
  get isEmpty(): boolean {
    return this.#numbers.length === 0;
  }

  /** The lines for people, such as `lines 1-3, 7, 9-12 and 40 more`. */
  toString(): string {
    const ranges: [first: number, last: number][] = [];
    for (const number of this.#numbers.toSorted((a, b) => a - b)) {
      const range = ranges.at(-1);
      if (range?.[1] === number - 1) range[1] = number;
      else ranges.push([number, number]);
    }
    const shown = ranges.slice(0, RANGES_SHOWN_MAX).map(([first, last]) => first === last ? first : `${first}-${last}`);
    const left = ranges.slice(RANGES_SHOWN_MAX).reduce((sum, [first, last]) => sum + last - first + 1, 0);
    return `lines ${shown.join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
  }
}
