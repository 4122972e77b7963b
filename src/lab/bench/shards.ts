/**
 * What more shards bring, with one writer process for each.
 *
 * @module
 */
import { type BenchContext, type BenchRow, checkLedger, startBenchSystem } from "./scenario.ts";
import { runWriterProcesses } from "./writer_process.ts";

const SHARDS = [1, 2, 4, 8] as const;
const CALLERS_OF_EACH = 500;
const DURATION_MS = 8_000;
const WARM_UP_MS = 2_000;

/** The same load for each process, and as many processes as shards. */
export async function* shards(context: BenchContext): AsyncGenerator<BenchRow> {
  await using bench = await startBenchSystem(context);
  let expectedRows = 0;
  for (const count of SHARDS) {
    context.progress(`shards: ${count}`);
    const load = await runWriterProcesses(bench, count, {
      name: bench.name(`shards-${count}`),
      batching: { shards: count },
      callers: CALLERS_OF_EACH,
      durationMs: DURATION_MS,
      warmUpMs: WARM_UP_MS,
    }, context);
    if (load.failed > 0) throw new Error(`${load.failed} writes failed: ${load.failure}`);
    await checkLedger(bench.sink, expectedRows += load.answered);
    yield {
      scenario: "shards",
      shards: count,
      writes_per_s: Math.round(load.answered / load.seconds),
      p50_ms: load.latencies.ms(50),
      p99_ms: load.latencies.ms(99),
      writes: load.answered,
    };
  }
}
