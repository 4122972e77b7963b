/**
 * How much goes through one batcher, beside an empty one that receives the same bytes.
 *
 * @module
 */
import { BatchWriter } from "../../client/batch_writer.ts";
import { batcherWorkflowId } from "../../protocol/names.ts";
import { runClosedLoop } from "./closed_loop.ts";
import { rounded } from "../harness/figures.ts";
import { type BenchContext, type BenchRow, checkLedger, startBenchSystem, startEmptyBatcher } from "./scenario.ts";

const CALLERS = [500, 5_000] as const;
const ROUNDS = 4;
const ROUND_MS = 3_000;

/** Runs the real and the empty batcher in turn, so that whatever else the machine does meets both alike. */
export async function* throughput(context: BenchContext): AsyncGenerator<BenchRow> {
  await using bench = await startBenchSystem(context);
  const { writerClient: client, system } = bench;
  const taskQueue = system.batcherTaskQueue;
  let expectedRows = 0;
  for (const callers of CALLERS) {
    const names = { real: bench.name(`real-${callers}`), empty: bench.name(`empty-${callers}`) };
    await startEmptyBatcher(bench, batcherWorkflowId(names.empty, 0, 0));
    await using real = new BatchWriter({ client, taskQueue, name: names.real });
    await using empty = new BatchWriter({ client, taskQueue, name: names.empty });
    const totals = { real: { writes: 0, seconds: 0 }, empty: { writes: 0, seconds: 0 } };
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [kind, writer] of [["empty", empty], ["real", real]] as const) {
        context.progress(`throughput: ${callers} callers, round ${round} of ${ROUNDS}, ${kind}`);
        const prefix = `${kind}/${callers}/${round}`;
        const { signal } = context;
        const write = writer.write.bind(writer);
        const result = await runClosedLoop({ callers, durationMs: ROUND_MS, prefix, write, signal });
        if (result.failed > 0) throw new Error(`${result.failed} writes failed: ${result.failure}`);
        if (kind === "real") expectedRows += result.answered;
        if (context.signal.aborted) return;
        // The first round warms up.
        if (round === 0) continue;
        totals[kind].writes += result.answered;
        totals[kind].seconds += result.seconds;
      }
    }
    await checkLedger(bench.sink, expectedRows);
    const perSecond = (kind: "real" | "empty") => totals[kind].writes / totals[kind].seconds;
    const history = await historyOf(bench, batcherWorkflowId(names.real, 0, 0));
    const answered = real.stats.answeredWrites;
    yield {
      scenario: "throughput",
      callers,
      writes_per_s: Math.round(perSecond("real")),
      empty_writes_per_s: Math.round(perSecond("empty")),
      ratio: rounded(perSecond("real") / perSecond("empty")),
      history_bytes_per_write: rounded(history.bytes / answered),
      history_events_per_write: rounded(history.events / answered, 4),
      writes_per_update: rounded(answered / real.stats.updates),
      generations: history.runs,
    };
  }
}

/** History of all runs of a workflow. */
async function historyOf(
  { system }: Awaited<ReturnType<typeof startBenchSystem>>,
  workflowId: string,
): Promise<{ bytes: number; events: number; runs: number }> {
  const total = { bytes: 0, events: 0, runs: 0 };
  const { client } = system;
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
    const { historyLength, historySize } = await client.workflow.getHandle(workflowId, runId).describe();
    total.bytes += historySize ?? 0;
    total.events += historyLength;
    total.runs++;
  }
  return total;
}
