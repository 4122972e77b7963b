/**
 * A model of the places that a batcher has for writers, and of the clock that they lapse on.
 *
 * @module
 */

/** Slow and obvious: who spoke when, and whose Updates are in flight. */
export class ModelWriters {
  nowMs = 1_000_000;
  readonly #heardAtMs = new Map<string, number>();
  readonly #inFlight: string[] = [];

  constructor(private readonly writersMax: number, private readonly leaseMs: number) {}

  /** Writers with a place. */
  get count(): number {
    return [...this.#heardAtMs.keys()].filter((writer) => this.#hasPlace(writer)).length;
  }

  /** Writers with an Update in flight. */
  get inFlight(): number {
    return new Set(this.#inFlight).size;
  }

  isBusy(writer: string): boolean {
    return this.#inFlight.includes(writer);
  }

  admits(writer: string): boolean {
    return this.#hasPlace(writer) || this.count < this.writersMax;
  }

  enter(writer: string): void {
    this.#heardAtMs.set(writer, this.nowMs);
    this.#inFlight.push(writer);
  }

  /** Says whether the writer had an Update in flight. */
  leave(writer: string): boolean {
    const at = this.#inFlight.indexOf(writer);
    if (at === -1) return false;
    this.#inFlight.splice(at, 1);
    this.#heardAtMs.set(writer, this.nowMs);
    return true;
  }

  #hasPlace(writer: string): boolean {
    return this.#inFlight.includes(writer) || this.nowMs - (this.#heardAtMs.get(writer) ?? -Infinity) < this.leaseMs;
  }
}
