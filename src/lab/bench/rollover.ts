/**
 * What a caller notices of a batcher that continues as new all the time.
 *
 * @module
 */
import { BatchWriter } from "../../client/batch_writer.ts";
import { batcherWorkflowId, GET_STATS_QUERY } from "../../protocol/names.ts";
import type { BatcherStats } from "../../protocol/messages.ts";
import { runClosedLoop } from "./closed_loop.ts";
import { type BenchContext, type BenchRow, checkLedger, startBenchSystem } from "./scenario.ts";

const WRITERS = 3;
const CALLERS_OF_EACH = 20;
const DURATION_MS = 15_000;
const WARM_UP_MS = 3_000;

/** A flush of this load takes about six events, so this comes to a new run every twenty flushes. */
const SUGGEST_AT_EVENTS = 120;

/** Several writers under load, a server that suggests a new run every twenty flushes. */
export async function* rollover(context: BenchContext): AsyncGenerator<BenchRow> {
  await using bench = await startBenchSystem(context, {
    dynamicConfig: { "limit.historyCount.suggestContinueAsNew": String(SUGGEST_AT_EVENTS) },
  });
  const { writerClient: client, system } = bench;
  await using stack = new AsyncDisposableStack();
  const writers = Array.from(
    { length: WRITERS },
    () => stack.use(new BatchWriter({ client, taskQueue: system.batcherTaskQueue, name: bench.name("rollover") })),
  );
  context.progress(`rollover: ${DURATION_MS / 1_000} s`);
  const results = await Promise.all(writers.map((writer, i) =>
    runClosedLoop({
      callers: CALLERS_OF_EACH,
      durationMs: DURATION_MS,
      warmUpMs: WARM_UP_MS,
      prefix: `writer-${i}`,
      write: writer.write.bind(writer),
      signal: context.signal,
    })
  ));
  if (context.signal.aborted) return;
  const [{ latencies }, ...others] = results;
  for (const other of others) latencies.addAll(other.latencies);
  const answered = results.reduce((sum, result) => sum + result.answered, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  if (failed > 0) throw new Error(`${failed} writes failed: ${results.find((result) => result.failure)?.failure}`);
  await checkLedger(bench.sink, answered);
  const handle = system.client.workflow.getHandle(batcherWorkflowId(bench.name("rollover"), 0, 0));
  const { generation } = await handle.query<BatcherStats>(GET_STATS_QUERY);
  yield {
    scenario: "rollover",
    p50_ms: latencies.ms(50),
    p99_ms: latencies.ms(99),
    max_ms: latencies.ms(100),
    generations: generation,
    flushes: bench.flushes.length,
    writes: answered,
    overloads: writers.reduce((sum, writer) => sum + writer.stats.overloads, 0),
    retries: writers.reduce((sum, writer) => sum + writer.stats.retries, 0),
  };
}
