/**
 * Callers that write one row after the other until they are told to stop.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { BatchWriter } from "../../src/client/batch_writer.ts";
import type { Receipt } from "../../src/protocol/write.ts";
import { eventually } from "./eventually.ts";

/** Steady load on a batcher, and what its callers were told. A caller whose write fails writes no more. */
export class Load {
  /** Every receipt so far. */
  readonly receipts: Receipt[] = [];
  readonly #failures: unknown[] = [];
  readonly #callers: Promise<void>[];
  #stopping = false;

  /** @param prefix What the request ids start with. */
  constructor(writers: readonly BatchWriter[], callersPerWriter: number, prefix: string) {
    this.#callers = writers.flatMap((writer, w) =>
      Array.from({ length: callersPerWriter }, (_, c) => this.#call(writer, `${prefix}${w}/${c}`))
    );
  }

  async #call(writer: BatchWriter, prefix: string): Promise<void> {
    for (let n = 0; !this.#stopping; n++) {
      try {
        this.receipts.push(await writer.write({ requestId: `${prefix}/${n}`, data: { prefix, n } }));
      } catch (error) {
        this.#failures.push(error);
        return;
      }
    }
  }

  /** Waits until so many more writes than now have their receipts. */
  async untilMore(count: number): Promise<void> {
    const target = this.receipts.length + count;
    await eventually(`${count} more receipts`, async () => {
      return await Promise.resolve(this.receipts.length >= target || this.#failures.length > 0);
    });
    assertEquals(this.#failures, []);
  }

  /** Lets each caller end its last write, and asserts that no write has failed. */
  async end(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#callers);
    assertEquals(this.#failures, []);
  }
}
