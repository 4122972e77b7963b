/**
 * A caller whose own activity writes its row: what most people write first, and what the batchers are compared with.
 *
 * Whether each call of the activity commits by itself (variant `direct`) or shares a commit with the others of its worker
 * process (`activity`) is the worker's matter. The table knows no request ids: an activity that is tried again after its
 * worker died between commit and answer writes its row twice.
 *
 * @module
 */
import { proxyActivities } from "@temporalio/workflow";
import type { Json } from "../../protocol/write.ts";

/** One row, as its activity gets it. */
export interface Row {
  readonly requestId: string;
  readonly data: Json;
}

/** The activity of a caller that writes its row itself. */
export interface RowActivities {
  /** @returns The commit that stored the row. */
  writeRow(row: Row): Promise<string>;
}

/** Argument of a row transaction. */
export interface RowTransactionInput {
  readonly row: Row;
  /** How long the caller waits for its row, all attempts together. */
  readonly confirmationTimeoutMs: number;
  /** How long one attempt may take. */
  readonly attemptMs: number;
}

/** Result of a row transaction. */
export interface RowTransactionResult {
  readonly batchId: string;
  /** How long the transaction waited for its row, as its history tells. */
  readonly waitMs: number;
}

/**
 * Writes one row.
 *
 * @throws {ActivityFailure} Its cause is `DATABASE_WRITE_FAILED` where the database refused the row, or a timeout.
 */
export async function rowTransaction(input: RowTransactionInput): Promise<RowTransactionResult> {
  const { writeRow } = proxyActivities<RowActivities>({
    startToCloseTimeout: input.attemptMs,
    scheduleToCloseTimeout: input.confirmationTimeoutMs,
    retry: { initialInterval: "1 second", backoffCoefficient: 2, maximumInterval: "10 seconds" },
  });
  const submittedAt = Date.now();
  const batchId = await writeRow(input.row);
  return { batchId, waitMs: Date.now() - submittedAt };
}
