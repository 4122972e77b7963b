/**
 * Many processes that hold their writes for a window: how many Updates and flushes are left.
 *
 * @module
 */
import { rounded } from "../harness/figures.ts";
import { type BenchContext, type BenchRow, checkLedger, startBenchSystem } from "./scenario.ts";
import { runWriterProcesses } from "./writer_process.ts";

const PROCESSES = 8;
const CALLERS_OF_EACH = 5;
const WINDOW_MS = 2_000;
const GATHER_MS = 200;
const DURATION_MS = 20_000;
/** Each caller writes about twice in a window, so that some of its writes are early in it and some late. */
const PAUSE_MS = 500;

/** Real processes with a low, steady load and one window on the wall clock for all. */
export async function* window(context: BenchContext): AsyncGenerator<BenchRow> {
  await using bench = await startBenchSystem(context);
  context.progress(`window: ${PROCESSES} processes, a window of ${WINDOW_MS} ms`);
  const load = await runWriterProcesses(bench, PROCESSES, {
    name: bench.name("window"),
    batching: { windowMs: WINDOW_MS, gatherMs: GATHER_MS },
    callers: CALLERS_OF_EACH,
    durationMs: DURATION_MS,
    pauseMs: PAUSE_MS,
  }, context);
  if (load.failed > 0) throw new Error(`${load.failed} writes failed: ${load.failure}`);
  await checkLedger(bench.sink, load.answered);
  const windows = Math.ceil(load.seconds * 1_000 / WINDOW_MS);
  yield {
    scenario: "window",
    updates: load.updates,
    flushes: bench.flushes.length,
    windows,
    flushes_per_window: rounded(bench.flushes.length / windows),
    writes: load.answered,
    p50_ms: load.latencies.ms(50),
    p99_ms: load.latencies.ms(99),
    lanes: load.lanes,
  };
}
