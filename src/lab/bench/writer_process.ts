/**
 * A load from another process: started by a benchmark, released at its word.
 *
 * @module
 */
import type { BatchingOptions } from "../../protocol/options.ts";
import { Child } from "../harness/child.ts";
import { inParallel } from "../harness/load.ts";
import type { BenchContext, BenchSystem } from "./scenario.ts";
import { Latencies } from "../harness/latencies.ts";

/** The load of one writer process. */
export interface WriterLoad {
  /** Of the batchers. */
  readonly name: string;
  /**
   * `naive`: one Update for each write, with the retries of the SDK.
   * @default {"writer"}
   */
  readonly kind?: "writer" | "naive";
  readonly batching?: BatchingOptions;
  readonly callers: number;
  /**
   * Bytes of a row's JSON.
   * @default {some 80, as a payment has}
   */
  readonly rowBytes?: number;
  readonly durationMs: number;
  /** @default {0} */
  readonly warmUpMs?: number;
  /**
   * Pause of each caller between two writes.
   * @default {0}
   */
  readonly pauseMs?: number;
  /** Address of a store of bodies, as `--body-storage` takes it; left out, all is inline. */
  readonly bodyStorage?: string;
}

/** What a writer process is told on its command line. */
export interface WriterProcessInput extends WriterLoad {
  readonly address: string;
  readonly taskQueue: string;
  /** Of request ids. */
  readonly prefix: string;
}

/** What a writer process, which said `ready` and was told to go, prints at its end. */
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
  { server, system }: BenchSystem,
  count: number,
  load: WriterLoad,
  { signal, progress }: BenchContext,
): Promise<LoadResult> {
  const base = { ...load, address: server.address, taskQueue: system.batcherTaskQueue };
  await using stack = new AsyncDisposableStack();
  const processes: Child[] = [];
  await inParallel(count, STARTS_AT_ONCE, async (i) => {
    if (signal.aborted) return;
    const input: WriterProcessInput = { ...base, prefix: `${load.name}/${i}` };
    const process = stack.use(Child.run(SCRIPT, [JSON.stringify(input)]));
    await process.until(/^ready\n/m);
    processes.push(process);
    if (processes.length % 10 === 0) progress(`${processes.length} of ${count} processes are connected`);
  });
  signal.throwIfAborted();
  const outputs = await Promise.all(processes.map(async (process): Promise<WriterProcessOutput> => {
    await process.send("go\n");
    return JSON.parse((await process.until(/^(\{.*\})\n/m, Infinity))[1]);
  }));
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
