/**
 * A load from another process: started by a benchmark, released at its word.
 *
 * @module
 */
import type { BatchingOptions } from "../../protocol/options.ts";
import { textLines } from "../../protocol/text_lines.ts";
import { Latencies } from "./latencies.ts";

/** What a writer process is told on its command line. */
export interface WriterProcessInput {
  readonly address: string;
  readonly name: string;
  readonly taskQueue: string;
  /** `naive`: one Update for each write, with the retries of the SDK. */
  readonly kind: "writer" | "naive";
  readonly batching: BatchingOptions;
  readonly prefix: string;
  readonly callers: number;
  /**
   * Bytes of a row's JSON.
   * @default {some 80, as a payment has}
   */
  readonly rowBytes?: number;
  readonly durationMs: number;
  readonly warmUpMs: number;
  /** Pause of each caller between two writes. */
  readonly pauseMs: number;
  /** Address of a store of bodies, as `--body-storage` takes it; left out, all is inline. */
  readonly bodyStorage?: string;
}

/** What a writer process prints at its end. */
export interface WriterProcessOutput {
  readonly answered: number;
  readonly failed: number;
  readonly failure?: string;
  /** Writes whose receipt said `duplicate`. Each write of a load is the first with its id. */
  readonly duplicates: number;
  readonly seconds: number;
  readonly capErrors: number;
  readonly updates: number;
  readonly lanes: readonly string[];
  /** {@linkcode Latencies.encode} */
  readonly latencies: string;
  readonly earlyLatencies: string;
}

/** What all writer processes of a load came to. */
export interface LoadResult {
  readonly answered: number;
  readonly failed: number;
  readonly failure?: string;
  readonly duplicates: number;
  /** Of the slowest process. */
  readonly seconds: number;
  readonly capErrorsMax: number;
  readonly updates: number;
  /** Batchers that had a writer at the end. */
  readonly lanes: number;
  readonly latencies: Latencies;
  /** Of writes that began in the warm-up. */
  readonly earlyLatencies: Latencies;
}

const SCRIPT = new URL("./writer_process_main.ts", import.meta.url);
/** Processes that start at the same time on a small machine only make each other wait. */
const STARTS_AT_ONCE = 4;

/** Starts writer processes, waits until all are connected, releases them at the same instant and sums up. */
export async function runWriterProcesses(
  inputs: readonly WriterProcessInput[],
  { signal, progress }: { signal: AbortSignal; progress: (what: string) => void },
): Promise<LoadResult> {
  await using stack = new AsyncDisposableStack();
  const processes: WriterProcess[] = [];
  const remaining = inputs.values();
  const starter = async () => {
    for (const input of remaining) {
      if (signal.aborted) return;
      const process = stack.use(new WriterProcess(input));
      await process.ready();
      processes.push(process);
      if (processes.length % 10 === 0) progress(`${processes.length} of ${inputs.length} processes are connected`);
    }
  };
  await Promise.all(Array.from({ length: STARTS_AT_ONCE }, starter));
  signal.throwIfAborted();
  const outputs = await Promise.all(processes.map((process) => process.run()));
  const latencies = sumOf(outputs.map((output) => output.latencies));
  const earlyLatencies = sumOf(outputs.map((output) => output.earlyLatencies));
  const failure = outputs.find((output) => output.failure !== undefined)?.failure;
  const sum = (of: (output: WriterProcessOutput) => number) => outputs.reduce((total, output) => total + of(output), 0);
  return {
    answered: sum((output) => output.answered),
    failed: sum((output) => output.failed),
    ...(failure !== undefined && { failure }),
    duplicates: sum((output) => output.duplicates),
    seconds: Math.max(...outputs.map((output) => output.seconds)),
    capErrorsMax: Math.max(...outputs.map((output) => output.capErrors)),
    updates: sum((output) => output.updates),
    lanes: new Set(outputs.flatMap((output) => output.lanes)).size,
    latencies,
    earlyLatencies,
  };
}

function sumOf(encoded: readonly string[]): Latencies {
  const [sum, ...others] = encoded.map((text) => Latencies.decode(text));
  for (const other of others) sum.addAll(other);
  return sum;
}

/** One child process: says `ready` when it is connected, runs at the word `go`, prints its result. */
class WriterProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(input: WriterProcessInput) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", SCRIPT.href, JSON.stringify(input)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#lines = textLines(this.#child.stdout.pipeThrough(new TextDecoderStream()));
  }

  async ready(): Promise<void> {
    const { value } = await this.#lines.next();
    if (value !== "ready") throw new Error(`A writer process did not get ready: it said ${JSON.stringify(value)}`);
  }

  async run(): Promise<WriterProcessOutput> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("go\n"));
    const { value } = await this.#lines.next();
    if (value === undefined) throw new Error("A writer process ended without a result");
    await writer.close();
    return JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
  }
}
