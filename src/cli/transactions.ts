/**
 * Runs transactions and keeps count of what came of them.
 *
 * @module
 */
import { type Client, WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { canonicalJson, digestOf } from "../client/canonical_json.ts";
import { fullMessage } from "../client/transport_text.ts";
import { type FailedOutcome, failedOutcome } from "../protocol/failures.ts";
import { TRANSACTION_WORKFLOW, transactionWorkflowId } from "../protocol/names.ts";
import type { Write } from "../protocol/write.ts";
import { until } from "./until.ts";
import type { transaction, TransactionInput, TransactionResult } from "../../workflows/transaction.ts";

/** A write that its transaction was told is stored. */
export interface StoredWrite {
  /** A signal transaction is told no more than `confirmed`. */
  readonly status: "committed" | "duplicate" | "confirmed";
  readonly requestId: string;
  readonly batchId: string;
  readonly waitMs: number;
}

/** What came of one transaction. */
export type TransactionOutcome =
  | { readonly write: Write; readonly workflowId: string; readonly stored: StoredWrite }
  | {
    readonly write: Write;
    readonly workflowId: string;
    readonly errorType: string;
    readonly errorMessage: string;
    readonly outcome: FailedOutcome;
  };

/** One way to write a row. */
export interface TransactionKind {
  /** Begins the workflow ids, so that those of two ways are not the same. */
  readonly idPrefix: string;
  start(client: Client, write: Write, how: HowStarted, shared: SharedInput): Promise<StartedTransaction>;
}

/** Where a transaction runs, and what happens if it runs already. */
export interface HowStarted {
  readonly taskQueue: string;
  readonly workflowId: string;
  readonly workflowIdConflictPolicy: "USE_EXISTING";
}

/** What all transactions are told. */
export type SharedInput = Pick<TransactionInput, "workMs" | "confirmationTimeoutMs">;

/** A transaction that was started. */
export interface StartedTransaction {
  /** Waits for its end. Rejects if it fails. */
  stored(): Promise<StoredWrite>;
}

/** How transactions are run. */
export interface RunTransactionsOptions {
  readonly client: Client;
  readonly taskQueue: string;
  /** @default {the transactions of this project} */
  readonly kind?: TransactionKind;
  /** See {@linkcode TransactionInput}. */
  readonly workMs?: TransactionInput["workMs"];
  readonly confirmationTimeoutMs?: number;
  /** Told about every transaction that has ended. */
  readonly onOutcome: (outcome: TransactionOutcome) => void;
  /** Ends the waiting; transactions that were started go on by themselves. */
  readonly signal: AbortSignal;
}

/** Starts are requests that the server answers at once: more at a time would only queue there. */
const STARTS_AT_ONCE = 100;

/**
 * Starts one transaction for each write, all at once, and waits for their ends or for the signal.
 *
 * @returns How many were started.
 */
export async function runTransactions(writes: readonly Write[], options: RunTransactionsOptions): Promise<number> {
  const { signal } = options;
  let started = 0;
  const remaining = writes.values();
  const ended: Promise<void>[] = [];
  const starter = async () => {
    for (const write of remaining) {
      if (signal.aborted) return;
      const workflowId = workflowIdOf(write, options.kind ?? UPDATE_TRANSACTIONS);
      // Counted before: once the server has the request, it goes on without us.
      started++;
      ended.push(report(write, workflowId, await start(write, workflowId, options), options));
    }
  };
  try {
    await Promise.all(Array.from({ length: STARTS_AT_ONCE }, starter));
    // Native connections know no abort signal, so the waiting itself has to end.
    await Promise.race([Promise.all(ended), until(signal)]);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return started;
}

function workflowIdOf(write: Write, { idPrefix }: TransactionKind): string {
  return `${idPrefix}${transactionWorkflowId(write.requestId, contentOf(write))}`;
}

const UPDATE_TRANSACTIONS: TransactionKind = {
  idPrefix: "",
  async start(client, write, how, shared) {
    const args: [TransactionInput] = [{ write, ...shared }];
    const handle = await client.workflow.start<typeof transaction>(TRANSACTION_WORKFLOW, { ...how, args });
    return { stored: async () => storedBy(await handle.result()) };
  },
};

async function start(write: Write, workflowId: string, options: RunTransactionsOptions): Promise<StartedTransaction> {
  const { client, kind = UPDATE_TRANSACTIONS, taskQueue, workMs, confirmationTimeoutMs } = options;
  const shared = { ...(workMs && { workMs }), ...(confirmationTimeoutMs !== undefined && { confirmationTimeoutMs }) };
  // The same line twice is the same transaction; its second copy waits for the first one's result.
  return await kind.start(client, write, { taskQueue, workflowId, workflowIdConflictPolicy: "USE_EXISTING" }, shared);
}

function storedBy({ receipt, waitMs }: TransactionResult): StoredWrite {
  const { status, requestId, batchId } = receipt;
  // A transaction fails where its row was refused.
  if (status === "rejected") throw new Error(`A transaction succeeded with a row that was refused: ${requestId}`);
  return { status, requestId, batchId, waitMs };
}

/** Reports the end of a transaction, unless the signal came first. */
async function report(
  write: Write,
  workflowId: string,
  started: StartedTransaction,
  { onOutcome, signal }: RunTransactionsOptions,
): Promise<void> {
  try {
    onOutcome({ write, workflowId, stored: await started.stored() });
  } catch (error) {
    if (signal.aborted) return;
    const cause = error instanceof WorkflowFailedError ? error.cause : error;
    const errorType = cause instanceof ApplicationFailure ? cause.type ?? "Error" : (cause as Error)?.name ?? "Error";
    const errorMessage = fullMessage(cause);
    // Whatever else ends a transaction, a termination for instance, may come after its row was stored.
    const outcome = cause instanceof ApplicationFailure ? failedOutcome(cause) : "unknown";
    onOutcome({ write, workflowId, errorType, errorMessage, outcome });
  }
}

/** Enough to tell rows apart that claim one request id; part of workflow ids, so it stays as it is. */
const CONTENT_DIGEST_CHARS = 16;

/** Tells transactions apart that claim one request id for different rows: each has to be told the truth about its own. */
function contentOf({ requestId, data }: Write): string {
  return digestOf(`${requestId}\n${canonicalJson(data)}`, CONTENT_DIGEST_CHARS);
}
