/**
 * The activities that the workflows call.
 *
 * @module
 */
import type { FlushBatchAnswer, FlushBatchArgs } from "./messages.ts";
import type { Receipt, Write } from "./write.ts";

/** Activities of the batcher's task queue. */
export interface FlushActivities {
  flushBatch(...args: FlushBatchArgs): Promise<FlushBatchAnswer>;
}

/** Argument of the `submitWrite` activity. */
export interface SubmitWriteInput {
  readonly write: Write;
  /** How long the caller waits for its receipt, counted from the start of the attempt. */
  readonly timeoutMs: number;
  /**
   * Whether an earlier activity of this write may have stored it.
   * @default {false}
   */
  readonly mayBeStored?: boolean;
}

/** Activities of a caller's task queue. */
export interface SubmitActivities {
  submitWrite(input: SubmitWriteInput): Promise<Receipt>;
}

/** Stands in for a step of a caller's own work. */
export interface WorkActivities {
  simulateWork(durationMs: number): Promise<void>;
}
