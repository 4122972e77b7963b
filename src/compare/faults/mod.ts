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
import { merge } from "./merge.ts";
import { runServerRestart } from "./server_restart.ts";
import { sinkDown10s, sinkDownLongerThanCallersWait } from "./sink_down.ts";
import { Stage } from "./stage.ts";
import { undeliverableConfirmation } from "./undeliverable_confirmation.ts";
import { workerKilledAfterCommit } from "./worker_killed.ts";

/** The same for every variant: a batch is full at so many writes, or leaves after so long. */
const POLICY = { size: BATCH_WRITES, windowMs: 2_000 };

/** Faults that one stage sees one after the other. */
interface Sequence {
  readonly faults: readonly Fault[];
  /** See `StageOptions.split`. */
  readonly split: boolean;
}

/** Sequences run side by side. What may leave a stage in a bad state is the last of its sequence. */
const SEQUENCES: readonly Sequence[] = [
  { faults: [undeliverableConfirmation, workerKilledAfterCommit], split: true },
  { faults: [sinkDown10s, sinkDownLongerThanCallersWait], split: false },
  { faults: [duplicateAfterSuccess, callerResetAfterWrite, badRowInBatch], split: false },
];

/**
 * Runs every fault on every variant, many of them side by side.
 *
 * @returns A row for each, as it comes.
 */
export async function* runFaults(
  context: CompareContext,
  variants: readonly VariantName[],
): AsyncIterable<FaultRow | ImpossibleFault> {
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  const guarded = async function* (rows: AsyncGenerator<FaultRow>): AsyncGenerator<FaultRow> {
    try {
      yield* rows;
    } catch (error) {
      // The others need not go on to their end.
      failed.abort(error);
      throw error;
    }
  };
  const sequences = SEQUENCES.flatMap((sequence) =>
    variants.map((variant) => runSequence(context, variant, sequence, signal))
  );
  for await (const row of merge([...sequences, runServerRestart(context, variants, signal)].map(guarded))) {
    context.progress(`${row.fault}: ${row.variant}`);
    yield row;
  }
}

async function* runSequence(
  context: CompareContext,
  variant: VariantName,
  { faults, split }: Sequence,
  signal: AbortSignal,
): AsyncGenerator<FaultRow> {
  await using stage = await Stage.open(context, variant, { policy: POLICY, split, signal });
  for (const fault of faults) yield await fault.run(stage);
}
