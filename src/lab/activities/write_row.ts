/**
 * A caller's own write of one row.
 *
 * @module
 */
import { ApplicationFailure } from "@temporalio/common";
import { FAILURE, shortMessage } from "../../protocol/failures.ts";
import { RowFault } from "../../sinks/isolate.ts";
import type { PlainRow } from "../plain_table.ts";
import type { RowActivities } from "../workflows/row_transaction.ts";

/** Stores one row and returns which commit stored it. */
export type StoreRow = (row: PlainRow) => Promise<string>;

/** What the worker of row transactions runs. A row that the database refuses is not tried again, all else is. */
export function createRowActivities(store: StoreRow): RowActivities {
  return {
    async writeRow({ requestId, data }) {
      try {
        return await store({ requestId, data: JSON.stringify(data) });
      } catch (error) {
        if (!(error instanceof RowFault)) throw error;
        throw ApplicationFailure.nonRetryable(shortMessage(error), FAILURE.DATABASE_WRITE_FAILED);
      }
    },
  };
}
