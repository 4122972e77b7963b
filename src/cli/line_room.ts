/**
 * Room for the lines that are under way.
 *
 * @module
 */
import type { ReadWrite } from "./input.ts";

/** Bounds the bytes of the lines that are under way. One that is larger than all the room by itself goes alone. */
export class LineRoom {
  #used = 0;
  #onLeave = () => {};

  constructor(private readonly bytesMax: number) {}

  /** Hands lines on in their order, each as soon as there is room for it. */
  async *admit(lines: AsyncIterable<ReadWrite>): AsyncGenerator<ReadWrite> {
    for await (const line of lines) {
      while (this.#used > 0 && this.#used + line.bytes > this.bytesMax) {
        await new Promise<void>((resolve) => this.#onLeave = resolve);
      }
      this.#used += line.bytes;
      yield line;
    }
  }

  /** A line that was handed on is no longer under way. */
  leave({ bytes }: ReadWrite): void {
    this.#used -= bytes;
    this.#onLeave();
  }
}
