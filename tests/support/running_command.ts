/**
 * Commands of this project that run until Ctrl-C.
 *
 * @module
 */
import { eventually } from "./eventually.ts";
import type { Lab } from "./lab.ts";
import { spawnCommand } from "./run_command.ts";

/** A command that runs until Ctrl-C. */
export class Running implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  /** Everything on stdout and stderr so far. */
  said = "";

  constructor(name: string, args: readonly string[], lab: Lab) {
    this.#child = spawnCommand(name, args, { env: { TEMPORAL_ADDRESS: lab.address } });
    this.#reading = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
  }

  /** Waits until it has said this. */
  async until(said: string | RegExp): Promise<void> {
    await eventually(`${said}`, async () => await Promise.resolve(this.said.match(said) !== null));
  }

  /** Waits for its end. @returns The exit code. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  /** Presses Ctrl-C. @returns The exit code. */
  async interrupt(): Promise<number> {
    this.#child.kill("SIGINT");
    return await this.ended();
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.said += text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.ended();
    await this.#child.stdin.close();
  }
}
