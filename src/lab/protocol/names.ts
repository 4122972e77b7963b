/**
 * Names of what this project is measured against.
 *
 * @module
 */

/** Workflow type of what answers every Update at once, for measurements. */
export const EMPTY_BATCHER_WORKFLOW = "emptyBatcher";

/** Workflow type of a caller that only runs an empty local activity, for measurements. */
export const BARE_CALLER_WORKFLOW = "bareCaller";

/** Workflow type of the signal variant's batcher. */
export const SIGNAL_BATCHER_WORKFLOW = "signalBatcher";

/** Workflow type of the signal variant's caller. */
export const SIGNAL_TRANSACTION_WORKFLOW = "signalTransaction";

/** Workflow type of a caller whose activity writes its row. */
export const ROW_TRANSACTION_WORKFLOW = "rowTransaction";

/** Workflow id of the signal variant's batcher where none is given. */
export const SIGNAL_BATCHER_ID = "batcher-main";

/** Names of the signal variant's messages: those of the original system, so that its callers would find them. */
export const SIGNAL_VARIANT = {
  addWriteRequest: "add_write_request",
  writeConfirmation: "write_confirmation",
  getStats: "get_stats",
  isRequestProcessed: "is_request_processed",
  getStatus: "get_status",
} as const;
