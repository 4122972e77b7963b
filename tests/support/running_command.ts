/**
 * Commands of this project that run until Ctrl-C.
 *
 * @module
 */
import type { Child } from "../../src/lab/harness/child.ts";
import type { Lab } from "./lab.ts";
import { spawnCommand } from "./run_command.ts";

/** A command that runs until Ctrl-C. */
export class Running implements AsyncDisposable {
  readonly #child: Child;

  constructor(name: string, args: readonly string[], lab: Lab) {
    this.#child = spawnCommand(name, args, { env: { TEMPORAL_ADDRESS: lab.address } });
  }

  /** Everything on stdout and stderr so far. */
  get said(): string {
    return this.#child.output.both;
  }

  /** Waits until it has said this. */
  async until(said: string | RegExp): Promise<void> {
    await this.#child.until(said);
  }

  /** Waits for its end. @returns The exit code. */
  ended(): Promise<number> {
    return this.#child.ended();
  }

  /** Presses Ctrl-C. @returns The exit code. */
  interrupt(): Promise<number> {
    return this.#child.kill("SIGINT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.kill();
  }
}
