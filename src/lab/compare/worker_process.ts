/**
 * Workers of a variant in a process of their own: to be killed, and to have their CPU time measured.
 *
 * @module
 */
import { textLines } from "../../protocol/text_lines.ts";
import type { Role } from "../../worker/local_system.ts";
import type { DatabaseCounts } from "./database_load.ts";
import type { VariantName } from "./report_data.ts";
import type { VariantOptions } from "./variant.ts";

/** What a worker process is told on its command line. */
export interface WorkerProcessInput extends VariantOptions {
  readonly variant: VariantName;
  readonly role: Role;
  /** File with the code of the workflow bundle `compare`; without it the process makes its own, in two seconds. */
  readonly bundleFile?: string;
}

/** What a worker process can be told while it runs; each is answered by one line. */
export type WorkerCommand = "measure" | "sink down" | "sink up" | "hang after commit" | "answer after commit";

/** What a worker process has used up since its start. */
export interface WorkerMeasure extends DatabaseCounts {
  /** Of all threads, those of the SDK too, in user and system mode. */
  readonly cpuSeconds: number;
  /** Open connections to the database. */
  readonly connections: number;
}

/** A line of a worker process. */
export type WorkerLine = { readonly event: "ready" | "committed" } | { readonly answer: WorkerMeasure | null };

const SCRIPT = new URL("./worker_process_main.ts", import.meta.url);

/** Workers in a process of their own; killed at the latest when it is disposed of. */
export class WorkerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #answers: PromiseWithResolvers<WorkerMeasure | null>[] = [];
  readonly #ready = Promise.withResolvers<void>();
  readonly #committed = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;

  private constructor(input: WorkerProcessInput) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", SCRIPT.href, JSON.stringify(input)],
      // A terminal's Ctrl-C reaches the whole group: workers have to outlive it, as callers still wait for them. They end
      // with their standard input, so also when this process is killed.
      detached: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#committed.promise.catch(() => {});
    this.#ended = this.#read();
  }

  /** Starts workers and returns when they poll. */
  static async start(input: WorkerProcessInput): Promise<WorkerProcess> {
    const process = new WorkerProcess(input);
    await process.#ready.promise;
    return process;
  }

  /** CPU time, database load and connections since the start. */
  async measure(): Promise<WorkerMeasure> {
    return (await this.tell("measure"))!;
  }

  /** Sends a command and waits until it was obeyed. */
  async tell(command: WorkerCommand): Promise<WorkerMeasure | null> {
    const answer = Promise.withResolvers<WorkerMeasure | null>();
    this.#answers.push(answer);
    await this.#stdin.write(new TextEncoder().encode(`${command}\n`));
    return await answer.promise;
  }

  /** Waits until a write was committed whose answer never comes, after `hang after commit`. */
  untilCommitted(): Promise<void> {
    return this.#committed.promise;
  }

  /** Ends the process as a crash would: SIGKILL. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#stdin.close().catch(() => {});
    await this.#child.status;
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  async #read(): Promise<void> {
    for await (const text of textLines(this.#child.stdout.pipeThrough(new TextDecoderStream()))) {
      const line: WorkerLine = JSON.parse(text);
      if ("answer" in line) this.#answers.shift()?.resolve(line.answer);
      else if (line.event === "ready") this.#ready.resolve();
      else this.#committed.resolve();
    }
    const ended = new Error("The worker process has ended");
    this.#ready.reject(ended);
    this.#committed.reject(ended);
    for (const answer of this.#answers.splice(0)) answer.reject(ended);
  }
}
