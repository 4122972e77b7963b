/**
 * Caller workflows that write through the batcher, beside bare ones that only run an empty local activity.
 *
 * @module
 */
import { TRANSACTION_WORKFLOW } from "../../protocol/names.ts";
import { BARE_CALLER_WORKFLOW } from "../protocol/names.ts";
import type { TransactionResult } from "../../../workflows/transaction.ts";
import { inParallel } from "../harness/load.ts";
import { benchRow } from "./closed_loop.ts";
import { Latencies } from "../harness/latencies.ts";
import { rounded } from "../harness/figures.ts";
import { type BenchContext, type BenchRow, type BenchSystem, checkLedger, startBenchSystem } from "./scenario.ts";

const CALLERS = 50;
const RUNS_A_ROUND = 200;
const ROUNDS = 5;
const HISTORIES = 50;

/** Rounds of both kinds in turn, fifty workflows at once. */
export async function* callers(context: BenchContext): AsyncGenerator<BenchRow> {
  await using bench = await startBenchSystem(context);
  const { client, mainTaskQueue: taskQueue } = bench.system;
  const waits = new Latencies();
  const seconds = { real: 0, bare: 0 };
  let written = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    for (const kind of ["bare", "real"] as const) {
      if (context.signal.aborted) return;
      context.progress(`callers: round ${round} of ${ROUNDS}, ${kind}`);
      const startedAt = performance.now();
      await inParallel(RUNS_A_ROUND, CALLERS, async (n) => {
        const workflowId = bench.name(`${kind}/${round}/${n}`);
        if (kind === "bare") return await client.workflow.execute(BARE_CALLER_WORKFLOW, { taskQueue, workflowId });
        const args = [{ write: { data: benchRow(n) } }];
        const { waitMs } = await client.workflow.execute(TRANSACTION_WORKFLOW, {
          taskQueue,
          workflowId,
          args,
        }) as TransactionResult;
        written++;
        if (round > 0) waits.addMs(waitMs);
      });
      // The first round warms up.
      if (round > 0) seconds[kind] += (performance.now() - startedAt) / 1_000;
    }
  }
  await checkLedger(bench.sink, written);
  const perSecond = (kind: "real" | "bare") => ROUNDS * RUNS_A_ROUND / seconds[kind];
  yield {
    scenario: "callers",
    callers: CALLERS,
    workflows_per_s: rounded(perSecond("real"), 1),
    bare_workflows_per_s: rounded(perSecond("bare"), 1),
    ratio: rounded(perSecond("real") / perSecond("bare")),
    wait_ms_p50: waits.ms(50),
    wait_ms_p99: waits.ms(99),
    events_per_workflow: await meanEvents(bench, "real"),
    bare_events_per_workflow: await meanEvents(bench, "bare"),
  };
}

async function meanEvents({ system, name }: BenchSystem, kind: "real" | "bare"): Promise<number> {
  let events = 0;
  for (let n = 0; n < HISTORIES; n++) {
    events += (await system.client.workflow.getHandle(name(`${kind}/${ROUNDS}/${n}`)).describe()).historyLength;
  }
  return rounded(events / HISTORIES);
}
