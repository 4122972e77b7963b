/**
 * Many writer processes that arrive at the same instant, on a server with its usual limits.
 *
 * @module
 */
import { LIMITS } from "../../protocol/limits.ts";
import { BATCHER_WORKFLOW, batcherWorkflowId } from "../../protocol/names.ts";
import { type BenchContext, type BenchRow, checkLedger, startBenchSystem } from "./scenario.ts";
import { runWriterProcesses } from "./writer_process.ts";

const PROCESSES = [10, 30, 60, 100] as const;
/** The naive way is over the edge with these already; more would only take longer. */
const NAIVE_PROCESSES = 30;
const CALLERS_OF_EACH = 2;
const DURATION_MS = 10_000;
/** What begins in the first second is the event itself: it has a percentile of its own, and counts in the others. */
const FIRST_SECOND_MS = 1_000;

/** Real processes, spawned, connected and then released together; then the naive way beside it. */
export async function* fanin(context: BenchContext): AsyncGenerator<BenchRow> {
  await using bench = await startBenchSystem(context);
  for (const processes of PROCESSES) {
    const name = bench.name(`fanin-${processes}`);
    context.progress(`fanin: ${processes} processes`);
    yield await measure("writer", processes, name);
  }
  const name = bench.name("naive");
  // The naive way has no lanes, so its batcher must admit every caller.
  await bench.system.client.workflow.start(BATCHER_WORKFLOW, {
    workflowId: batcherWorkflowId(name, 0, 0),
    taskQueue: bench.system.batcherTaskQueue,
    args: [{ options: { writersMax: LIMITS.writersMax } }],
    workflowTaskTimeout: "3s",
  });
  context.progress(`fanin: ${NAIVE_PROCESSES} processes, the naive way`);
  yield await measure("naive", NAIVE_PROCESSES, name);

  async function measure(kind: "writer" | "naive", processes: number, name: string): Promise<BenchRow> {
    const before = await bench.sink.countCommitted();
    const load = await runWriterProcesses(bench, processes, {
      name,
      kind,
      callers: CALLERS_OF_EACH,
      durationMs: DURATION_MS,
      warmUpMs: FIRST_SECOND_MS,
    }, context);
    // A naive write that failed may still be stored, so there the ledger may hold more than was answered.
    if (kind === "writer" || load.failed === 0) await checkLedger(bench.sink, before + load.answered);
    const firstSecondP99Ms = load.earlyLatencies.ms(99);
    load.latencies.addAll(load.earlyLatencies);
    return {
      scenario: "fanin",
      kind,
      processes,
      writes_per_s: Math.round(load.answered / load.seconds),
      p50_ms: load.latencies.ms(50),
      p99_ms: load.latencies.ms(99),
      max_ms: load.latencies.ms(100),
      first_second_p99_ms: firstSecondP99Ms,
      failed: load.failed,
      // The SDK's retry hides what the naive way runs into.
      ...(kind === "writer" && { cap_errors: load.capErrorsMax }),
      lanes: load.lanes,
      writes: load.answered,
      ...(load.failure !== undefined && { failure: load.failure }),
    };
  }
}
