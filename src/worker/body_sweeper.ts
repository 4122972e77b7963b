/**
 * Removes now and then what batchers have left in a folder of bodies.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import type { FileBodyDriver } from "../bodies/file_driver.ts";
import { sweepBodies } from "../bodies/sweep.ts";
import { shortMessage } from "../protocol/failures.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Log } from "./log.ts";

/** A writer removes its bodies itself, unless it crashes: there is no hurry. */
const SWEEP_EVERY_MS = LIMITS.bodySweepAgeMinMs;

/** Sweeps bodies of batchers while a worker runs; several workers may sweep the same folder. */
export class BodySweeper implements AsyncDisposable {
  #sweeping = Promise.resolve();
  readonly #end = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(
    private readonly driver: FileBodyDriver,
    private readonly client: Client,
    private readonly log: Log,
  ) {
    this.#timer = setInterval(() => this.#sweepNext(), SWEEP_EVERY_MS);
    this.#sweepNext();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#end.abort();
    await this.#sweeping;
  }

  #sweepNext(): void {
    this.#sweeping = this.#sweeping.then(() => this.#sweep());
  }

  async #sweep(): Promise<void> {
    try {
      const { driver, client } = this;
      const { removed } = await sweepBodies({ driver, client, olderThanMs: SWEEP_EVERY_MS, signal: this.#end.signal });
      if (removed > 0) this.log.info(`Removed ${removed} bodies from ${driver.folder} that no batcher needs`);
    } catch (error) {
      this.log.warn(`Bodies in ${this.driver.folder} could not be swept: ${shortMessage(error)}`);
    }
  }
}
