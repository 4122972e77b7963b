/**
 * Transactions of the signal variant, as `deno task start` runs them.
 *
 * @module
 */
import type { TransactionKind } from "../cli/transactions.ts";
import { SIGNAL_TRANSACTION_WORKFLOW } from "./protocol/names.ts";
import type { signalTransaction, SignalTransactionInput } from "./workflows/signal_transaction.ts";

/** A transaction that signals its row to a batcher, and waits for a signal back. */
export const SIGNAL_TRANSACTIONS: TransactionKind = {
  idPrefix: "signal-",
  async start(client, { data }, how, shared) {
    const args: [SignalTransactionInput] = [{ data, ...shared }];
    const handle = await client.workflow.start<typeof signalTransaction>(SIGNAL_TRANSACTION_WORKFLOW, { ...how, args });
    return { stored: async () => ({ status: "confirmed", ...await handle.result() }) };
  },
};
