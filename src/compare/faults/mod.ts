/**
 * What can go wrong, run for real on every variant.
 *
 * @module
 */
import type { CompareContext } from "../compare_context.ts";
import type { FaultRow, ImpossibleFault, VariantName } from "../report_data.ts";
import { badRowInBatch, BATCH_WRITES } from "./bad_row.ts";
import { callerResetAfterWrite } from "./caller_reset.ts";
import { duplicateAfterSuccess } from "./duplicate_after_success.ts";
import type { Fault } from "./fault.ts";
import { runServerRestart } from "./server_restart.ts";
import { sinkDown10s, sinkDownLongerThanCallersWait } from "./sink_down.ts";
import { Stage, type StageOptions } from "./stage.ts";
import { usualWrites } from "./trial.ts";
import { undeliverableConfirmation } from "./undeliverable_confirmation.ts";
import { workerKilledAfterCommit } from "./worker_killed.ts";

/** How long a batch that is not full is held: the same for every variant. */
const WINDOW_MS = 1_000;

/** The same where all writes of a fault are to meet in one batch, which leaves when it is full. */
const FULL_BATCH_WINDOW_MS = 4_000;

/** Faults between commit and answer, for which the workers that write have a process of their own. */
const BETWEEN_COMMIT_AND_ANSWER: readonly Fault[] = [undeliverableConfirmation, workerKilledAfterCommit];

/** The others. A bad row may block a batcher for ever, so it comes last. */
const OTHERS: readonly Fault[] = [
  sinkDown10s,
  sinkDownLongerThanCallersWait,
  duplicateAfterSuccess,
  callerResetAfterWrite,
  badRowInBatch,
];

/**
 * Runs every fault on every variant, many of them side by side.
 *
 * @returns A row for each, as it comes. The stream fails if a fault could not be made to happen: then nothing is said.
 */
export function runFaults(
  context: CompareContext,
  variants: readonly VariantName[],
): AsyncIterable<FaultRow | ImpossibleFault> {
  const ended = new AbortController();
  let running: Promise<void>;
  return new ReadableStream<FaultRow>({
    start(rows) {
      const tell = (row: FaultRow) => {
        context.progress(`${row.fault}: ${row.variant}`);
        rows.enqueue(row);
      };
      running = runAll(context, variants, ended, tell);
      running.then(() => rows.close(), (error) => rows.error(error));
    },
    async cancel() {
      ended.abort();
      await running.catch(() => {});
    },
  });
}

async function runAll(
  context: CompareContext,
  variants: readonly VariantName[],
  ended: AbortController,
  tell: (row: FaultRow) => void,
): Promise<void> {
  const signal = AbortSignal.any([context.signal, ended.signal]);
  const together = async (tasks: readonly Promise<void>[]) => {
    // The others need not go on to their end.
    for (const task of tasks) task.catch((error) => ended.abort(error));
    await Promise.allSettled(tasks);
    signal.throwIfAborted();
  };
  const onStage = async (stage: Stage, faults: readonly Fault[]) => {
    for (const fault of faults) tell(await fault.run(stage));
  };

  await using stack = new AsyncDisposableStack();
  const split: Stage[] = [];
  const whole: Stage[] = [];
  // Workers that start take time from those that have to keep to theirs: all start before the first fault.
  const open = async (stages: Stage[], variant: VariantName, options: Pick<StageOptions, "policy" | "split">) => {
    stages.push(stack.use(await Stage.open(context, variant, { ...options, signal })));
  };
  const full = { size: usualWrites(context.quick), windowMs: FULL_BATCH_WINDOW_MS };
  const usual = { size: BATCH_WRITES, windowMs: WINDOW_MS };
  await together(variants.flatMap((variant) => [
    open(split, variant, { policy: full, split: true }),
    open(whole, variant, { policy: usual }),
  ]));
  const first = async () => {
    await together(split.map((stage) => onStage(stage, BETWEEN_COMMIT_AND_ANSWER)));
    await runServerRestart(context, variants, signal, tell);
  };
  await together([first(), ...whole.map((stage) => onStage(stage, OTHERS))]);
}
