/**
 * The flush of the signal variant: one batch into a table without a ledger.
 *
 * @module
 */
import type { PlainRow } from "../plain_table.ts";
import type { BatchWriteActivities } from "../workflows/signal_batcher.ts";

/** Inserts rows in one transaction, or throws and inserts none. */
export type InsertRows = (batchId: string, rows: readonly PlainRow[]) => Promise<void>;

/** What the worker of a signal batcher runs. A row that is refused fails its batch: nothing here looks at single rows. */
export function createBatchWriteActivities(insert: InsertRows): BatchWriteActivities {
  return {
    async batchWriteToDatabase(requests, batchId) {
      if (requests.length === 0) return { status: "no_data", count: 0 };
      await insert(
        batchId,
        requests.map(({ request_id, data }) => ({ requestId: request_id, data: JSON.stringify(data) })),
      );
      return { status: "success", count: requests.length, write_time: new Date().toISOString() };
    },
  };
}
