/**
 * Workers of a variant in a process of their own: to be killed, and to have their CPU time measured.
 *
 * @module
 */
import type { Role } from "../../worker/local_system.ts";
import { Child } from "../harness/child.ts";
import type { DatabaseCounts } from "./variant.ts";
import type { VariantOptions } from "./variant.ts";

/** What a worker process is told on its command line. */
export interface WorkerProcessInput extends VariantOptions {
  /** Name of the variant. */
  readonly variant: string;
  readonly role: Role;
  /** File with the code of the laboratory's workflow bundle; without it the process makes its own, in two seconds. */
  readonly bundleFile?: string;
}

/** What a worker process can be told while it runs. */
export type WorkerCommand = "measure" | "sink down" | "sink up" | "hang after commit" | "answer after commit";

/** What a worker process has used up since its start. */
export interface WorkerMeasure extends DatabaseCounts {
  /** Of all threads, those of the SDK too, in user and system mode. */
  readonly cpuSeconds: number;
  /** Open connections to the database. */
  readonly connections: number;
}

const SCRIPT = new URL("./worker_process_main.ts", import.meta.url);

/** Workers in a process of their own; killed at the latest when it is disposed of. */
export class WorkerProcess implements AsyncDisposable {
  #commands = 0;

  private constructor(private readonly child: Child) {}

  /** Starts workers and returns when they poll. */
  static async start(input: WorkerProcessInput): Promise<WorkerProcess> {
    // A terminal's Ctrl-C reaches the whole group: workers have to outlive it, as callers still wait for them.
    const worker = new WorkerProcess(Child.run(SCRIPT, [JSON.stringify(input)], { detached: true }));
    try {
      await worker.child.until(/^ready\n/m);
      return worker;
    } catch (error) {
      await worker.kill();
      throw error;
    }
  }

  /** CPU time, database load and connections since the start. */
  async measure(): Promise<WorkerMeasure> {
    return JSON.parse(await this.tell("measure"));
  }

  /** Sends a command and waits until it was obeyed. @returns The answer. */
  async tell(command: WorkerCommand): Promise<string> {
    const id = ++this.#commands;
    await this.child.send(`${id} ${command}\n`);
    return (await this.child.until(new RegExp(`^${id} (.*)\n`, "m"), Infinity))[1];
  }

  /** Waits until a write was committed whose answer never comes, after `hang after commit`. */
  async untilCommitted(): Promise<void> {
    await this.child.until(/^committed\n/m);
  }

  /** Ends the process as a crash would: SIGKILL. */
  async kill(): Promise<void> {
    await this.child.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
