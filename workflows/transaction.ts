/**
 * A ready-made caller: some work, one write through the batcher, a look at its receipt, some work.
 *
 * @module
 */
import { ApplicationFailure, defineQuery, setHandler } from "@temporalio/workflow";
import { FAILURE } from "../src/protocol/failures.ts";
import { GET_STATUS_QUERY } from "../src/protocol/names.ts";
import type { Receipt } from "../src/protocol/write.ts";
import { work } from "./activity_proxies.ts";
import { submitWrite, type WorkflowWrite } from "./submit_write.ts";

/** Argument of a transaction. */
export interface TransactionInput {
  readonly write: WorkflowWrite;
  /** Least and most duration of each of the two simulated steps. Left out: no steps at all. */
  readonly workMs?: readonly [min: number, max: number];
  /** @default {120000} */
  readonly confirmationTimeoutMs?: number;
}

/** Result of a transaction. */
export interface TransactionResult {
  readonly receipt: Receipt;
  /** How long the transaction waited for its receipt, as its history tells. */
  readonly waitMs: number;
}

/** Where a transaction stands. */
export type TransactionStatus =
  | "initial processing"
  | "submitting"
  | "checking"
  | "final processing"
  | "done"
  | "failed";

/** Where a transaction stands. */
export const getStatusQuery = defineQuery<TransactionStatus>(GET_STATUS_QUERY);

/**
 * Runs one transaction.
 *
 * @throws {ApplicationFailure} Non-retryable: `WRITE_REJECTED`, with the receipt as details, where the database refused the
 * row; else what {@linkcode submitWrite} throws.
 */
export async function transaction(input: TransactionInput): Promise<TransactionResult> {
  let status: TransactionStatus = "initial processing";
  setHandler(getStatusQuery, () => status);
  try {
    await simulateWork(input.workMs);
    status = "submitting";
    const submittedAt = Date.now();
    const receipt = await submitWrite(input.write, input);
    const waitMs = Date.now() - submittedAt;
    status = "checking";
    if (receipt.status === "rejected") {
      const message = `The database refused the row: ${receipt.errorType}: ${receipt.errorMessage}`;
      throw ApplicationFailure.nonRetryable(message, FAILURE.WRITE_REJECTED, receipt);
    }
    status = "final processing";
    await simulateWork(input.workMs);
    status = "done";
    return { receipt, waitMs };
  } catch (error) {
    status = "failed";
    throw error;
  }
}

async function simulateWork(workMs: TransactionInput["workMs"]): Promise<void> {
  if (workMs === undefined) return;
  const [min, max] = workMs;
  await work.simulateWork(Math.round(min + Math.random() * (max - min)));
}
