/**
 * Room for the lines that are under way.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Write } from "../protocol/write.ts";

/** Bounds the bytes of the writes that are under way. One that is larger than all the room by itself goes alone. */
export class LineRoom {
  readonly #bytes = new Map<Write, number>();
  #used = 0;
  #onLeave = () => {};

  constructor(private readonly bytesMax: number) {}

  /** Hands writes on in their order, each as soon as there is room for it. */
  async *admit(writes: AsyncIterable<Write>): AsyncGenerator<Write> {
    for await (const write of writes) {
      const bytes = Buffer.byteLength(JSON.stringify(write));
      while (this.#used > 0 && this.#used + bytes > this.bytesMax) {
        await new Promise<void>((resolve) => this.#onLeave = resolve);
      }
      this.#used += bytes;
      this.#bytes.set(write, bytes);
      yield write;
    }
  }

  /** A write that was handed on is no longer under way. */
  leave(write: Write): void {
    this.#used -= this.#bytes.get(write) ?? 0;
    this.#bytes.delete(write);
    this.#onLeave();
  }
}
