/**
 * Callers that write one row after the other until they are told to stop.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { BatchWriter } from "../../src/client/batch_writer.ts";
import type { Receipt } from "../../src/protocol/write.ts";
import { inLoops } from "../../src/lab/harness/load.ts";
import { eventually } from "./eventually.ts";

/** Steady load on a batcher, and what its callers were told. With the first failure all of them stop. */
export class Load {
  /** Every receipt so far. */
  readonly receipts: Receipt[] = [];
  readonly #failures: unknown[] = [];
  readonly #running: Promise<void>;
  #stopping = false;

  /** @param prefix What the request ids start with. */
  constructor(writers: readonly BatchWriter[], callersPerWriter: number, prefix: string) {
    const loops = { callers: writers.length * callersPerWriter, goesOn: () => !this.#stopping };
    this.#running = inLoops(loops, async (n) => {
      try {
        const write = { requestId: `${prefix}${n}`, data: { prefix, n } };
        this.receipts.push(await writers[n % writers.length].write(write));
      } catch (error) {
        this.#failures.push(error);
        this.#stopping = true;
      }
    });
  }

  /** Waits until so many more writes than now have their receipts. */
  async untilMore(count: number): Promise<void> {
    const target = this.receipts.length + count;
    await eventually(`${count} more receipts`, () => this.receipts.length >= target || this.#failures.length > 0);
    assertEquals(this.#failures, []);
  }

  /** Lets each caller end its last write, and asserts that no write has failed. */
  async end(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    assertEquals(this.#failures, []);
  }
}
