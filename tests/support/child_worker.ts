/**
 * Batchers' workers in processes of their own, for tests that kill them.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Lab } from "./lab.ts";

const SCRIPT = fileURLToPath(new URL("worker_process.ts", import.meta.url));

/** A worker in a process of its own; killed at the latest when it is disposed of. */
export class ChildWorker implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #output: ReadableStreamDefaultReader<string>;
  #said = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Starts a worker on the lab's server and ledger, and returns when it polls. */
  static start(
    lab: Lab,
    taskQueue: string,
    ...flags: ("--hang-after-commit" | "--no-permission")[]
  ): Promise<ChildWorker> {
    return ChildWorker.startOn(lab.ledgerFile, lab, taskQueue, ...flags);
  }

  /** Starts a worker on the lab's server and another ledger. */
  static async startOn(
    ledgerFile: string,
    lab: Lab,
    taskQueue: string,
    ...flags: readonly string[]
  ): Promise<ChildWorker> {
    const args = ["run", "-A", SCRIPT, lab.address, taskQueue, ledgerFile, ...flags];
    const worker = new ChildWorker(new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn());
    try {
      await worker.untilSaid("ready");
      return worker;
    } catch (error) {
      await worker.kill();
      throw error;
    }
  }

  /**
   * Waits until the process has said a word.
   *
   * @throws {Error} If it ends before.
   */
  async untilSaid(word: string): Promise<void> {
    while (!this.#said.includes(word)) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error(`the worker's process ended before it said ${JSON.stringify(word)}`);
      this.#said += value;
    }
  }

  /** Ends the process as a crash would: SIGKILL. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#child.status;
    await this.#output.cancel();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
