/**
 * What can go wrong, run for real on every variant.
 *
 * @module
 */
import type { CompareContext } from "../context.ts";
import type { FaultRow } from "../report_data.ts";
import type { GatherPolicy, Variant } from "../variant.ts";
import * as faults from "./faults.ts";
import { runServerRestart } from "./server_restart.ts";
import { Stage } from "./stage.ts";
import { BATCH_WRITES } from "./trial.ts";

/** When writes are flushed, the same for every variant: these faults meet batches as they come. */
const USUAL_POLICY: GatherPolicy = { size: BATCH_WRITES, windowMs: 1_000 };

/** The same for faults whose writes are to meet in one batch: it leaves when it is full, long before its window ends. */
const ONE_BATCH_POLICY: GatherPolicy = { size: BATCH_WRITES, windowMs: 4_000 };

/** Faults of the first policy. */
const USUAL_FAULTS: readonly faults.Fault[] = [
  faults.sinkDown10s,
  faults.sinkDownLongerThanCallersWait,
  faults.duplicateAfterSuccess,
  faults.callerResetAfterWrite,
];

/** Faults between commit and answer, for which the workers that write have a process of their own. */
const BETWEEN_COMMIT_AND_ANSWER: readonly faults.Fault[] = [
  faults.undeliverableConfirmation,
  faults.workerKilledAfterCommit,
];

/**
 * Runs every fault on every variant, many of them side by side.
 *
 * @param tell Gets a row for each, as it comes.
 * @throws {Error} If a fault could not be made to happen: then nothing is said.
 */
export async function runFaults(
  context: CompareContext,
  variants: readonly Variant[],
  tell: (row: FaultRow) => void,
): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  const together = async <T>(tasks: readonly Promise<T>[]): Promise<T[]> => {
    // Where one fails the others need not go on to their end, but they have to come to an end.
    for (const task of tasks) task.catch((error) => ended.abort(error));
    await Promise.allSettled(tasks);
    signal.throwIfAborted();
    return await Promise.all(tasks);
  };
  await using stack = new AsyncDisposableStack();
  const openAll = (policy: GatherPolicy, split: boolean): Promise<Stage[]> =>
    together(variants.map(async (variant) => stack.use(await Stage.open(context, variant, { policy, split, signal }))));
  const onAll = async (stages: readonly Stage[], all: readonly faults.Fault[]) => {
    await together(stages.map(async (stage) => {
      for (const fault of all) tell(await fault(stage));
    }));
  };

  // Workers that start take time from those that have to keep to theirs: most start before the first fault.
  const [usual, split] = await together([openAll(USUAL_POLICY, false), openAll(ONE_BATCH_POLICY, true)]);
  const usualThenOthers = async () => {
    await onAll(usual, USUAL_FAULTS);
    // It may block a batcher for good, so nothing comes after it.
    const badRow = async () => await onAll(await openAll(ONE_BATCH_POLICY, false), [faults.badRowInBatch]);
    await together([badRow(), runServerRestart(context, variants, signal, tell)]);
  };
  await together([onAll(split, BETWEEN_COMMIT_AND_ANSWER), usualThenOthers()]);
}
