/**
 * Processes of ours that end with us.
 *
 * @module
 */
import { startWatchdog } from "../../server/server_process.ts";

/** How a child is run. */
export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Gives it a process group of its own, which a terminal's Ctrl-C does not reach. */
  readonly detached?: boolean;
}

/** Someone waits for words. */
interface Waiting {
  readonly pattern: RegExp;
  readonly resolve: (match: RegExpExecArray) => void;
}

/** How long output may go on after the end: what the child has left behind may hold it open. */
const OUTPUT_AFTER_EXIT_MS = 1_000;

/** How long a child may take to say what it is waited for. */
const UNTIL_MS = 120_000;

/** How much of the output a failure shows. */
const SHOWN_CHARACTERS = 2_000;

/**
 * A process that is talked to in lines, and killed at the latest when it is disposed of.
 *
 * It ends with us, also where we are killed: a shell that waits for the end of a pipe of ours then kills it. On Windows,
 * which has no such shell, it outlives a kill.
 */
export class Child implements AsyncDisposable {
  /** What it has written so far. */
  readonly output = { stdout: "", stderr: "", both: "" };
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #waiting = new Set<Waiting>();
  readonly #ended: Promise<number>;

  /** Starts a program. */
  constructor(program: string, args: readonly string[], options: ChildOptions = {}) {
    const streams = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    this.#child = new Deno.Command(program, { args: [...args], ...options, ...streams }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#ended = this.#watch();
  }

  /** Starts a script of this project. */
  static run(script: URL, args: readonly string[], options?: ChildOptions): Child {
    return new Child(Deno.execPath(), ["run", "-A", "--quiet", script.href, ...args], options);
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /**
   * Waits until it has written this.
   *
   * @throws {Error} If it ends before, or does not do so in time.
   */
  async until(words: string | RegExp, withinMs = UNTIL_MS): Promise<RegExpExecArray> {
    const pattern = typeof words === "string" ? new RegExp(RegExp.escape(words)) : words;
    const said = pattern.exec(this.output.both);
    if (said !== null) return said;
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const waiting = { pattern, resolve };
    this.#waiting.add(waiting);
    const fail = (what: string) => reject(new Error(`It ${what} before it said ${pattern}: ${this.#tail()}`));
    void this.#ended.then((code) => fail(`ended with code ${code}`));
    const timer = withinMs === Infinity ? undefined : setTimeout(() => fail(`took ${withinMs} ms`), withinMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(waiting);
    }
  }

  /** Sends text to its standard input. One that has ended does not get it. */
  async send(text: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(text)).catch(() => {});
  }

  /** Ends its standard input. */
  async endInput(): Promise<void> {
    await this.#stdin.close().catch(() => {});
  }

  /** Waits for its end. @returns The exit code. */
  ended(): Promise<number> {
    return this.#ended;
  }

  /** Sends a signal, by default that of a crash, and waits for its end. @returns The exit code. */
  async kill(signal: Deno.Signal = "SIGKILL"): Promise<number> {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    return await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #watch(): Promise<number> {
    const watchdog = startWatchdog(this.#child.pid, "KILL");
    const readers = (["stdout", "stderr"] as const).map((name) => {
      const reader = this.#child[name].pipeThrough(new TextDecoderStream()).getReader();
      return { reader, done: this.#read(name, reader) };
    });
    const { code } = await this.#child.status;
    await watchdog?.dismiss();
    const timer = setTimeout(() => readers.forEach(({ reader }) => reader.cancel()), OUTPUT_AFTER_EXIT_MS);
    await Promise.all(readers.map(({ done }) => done));
    clearTimeout(timer);
    await this.endInput();
    return code;
  }

  async #read(name: "stdout" | "stderr", reader: ReadableStreamDefaultReader<string>): Promise<void> {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      this.output[name] += read.value;
      this.output.both += read.value;
      for (const { pattern, resolve } of this.#waiting) {
        const match = pattern.exec(this.output.both);
        if (match !== null) resolve(match);
      }
    }
  }

  #tail(): string {
    return this.output.both.slice(-SHOWN_CHARACTERS).trim();
  }
}
