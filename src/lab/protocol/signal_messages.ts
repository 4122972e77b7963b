/**
 * What callers and batcher of the signal variant say to each other: the fields of the original system, by its names.
 *
 * @module
 */
import type { Json } from "../../protocol/write.ts";

/** One row, as a caller signals it to the batcher. */
export interface WriteRequest {
  /** The caller's workflow id. */
  readonly workflow_id: string;
  readonly data: Json;
  /** Workflow id that the confirmation is signalled to. */
  readonly requesting_workflow: string;
  /** What duplicates are known by while the request is pending. Left out, the batcher makes one up. */
  readonly request_id?: string;
  /** ISO 8601, UTC. */
  readonly submitted_at?: string;
  /** Which try of the caller it is, from 1. */
  readonly attempt?: number;
}

/** A request in the batcher's queue. */
export interface PendingRequest extends WriteRequest {
  readonly request_id: string;
  /** ISO 8601, UTC. */
  readonly received_at: string;
  /** How many requests came before it in this run. */
  readonly batch_sequence: number;
}

/** What the batch activity answers. */
export interface BatchResult {
  readonly status: "success" | "no_data";
  readonly count: number;
  /** ISO 8601, UTC. */
  readonly write_time?: string;
}

/** What the batcher signals to each caller of a batch: the same for all of them. */
export interface WriteConfirmation extends BatchResult {
  readonly batch_id: string;
  readonly batch_size: number;
}

/** Answer of the query `get_stats`. */
export interface SignalBatcherStats {
  readonly pending_writes: number;
  readonly processed_batches: number;
  readonly session_signals_received: number;
  readonly processed_request_ids_count: number;
  readonly continue_as_new_cycle: number;
  readonly batch_size_limit: number;
  readonly is_continue_suggested: boolean;
}

/** Answer of the query `get_status`. */
export interface SignalTransactionStatus {
  readonly workflow_id: string;
  readonly request_id: string | null;
  readonly write_completed: boolean;
  readonly write_result: WriteConfirmation | null;
  /** ISO 8601, UTC. */
  readonly current_time: string;
}

/** When a signal batcher flushes. */
export interface SignalBatcherPolicy {
  /**
   * Pending requests at which it flushes at once. A trigger and no cap: a flush takes all that are pending.
   * @default {100}
   */
  readonly size?: number;
  /**
   * How long the loop waits in each of its turns before it flushes what is pending.
   * @default {20000}
   */
  readonly windowMs?: number;
  /**
   * Pending requests above which it continues as new.
   * @default {ten times `size`}
   */
  readonly pendingMax?: number;
}

/** What one run of a signal batcher hands to the next. */
export interface SignalBatcherState {
  readonly pending_writes: readonly PendingRequest[];
  readonly processed_batches_count: number;
  readonly processed_request_ids: readonly string[];
  readonly continue_as_new_count: number;
}

/** Argument of a signal batcher. */
export interface SignalBatcherInput extends SignalBatcherPolicy {
  /** Set by the batcher itself when it continues as new. */
  readonly state?: SignalBatcherState;
}

/** Defaults of the original. */
export const SIGNAL_DEFAULTS = { size: 100, windowMs: 20_000, confirmationTimeoutMs: 120_000 } as const;

/** `type` of the failures of a signal transaction. */
export const SIGNAL_FAILURE = {
  /** The request could not be signalled to the batcher. */
  SIGNAL_DELIVERY_FAILED: "SIGNAL_DELIVERY_FAILED",
  /** No confirmation came in time. */
  WRITE_CONFIRMATION_TIMEOUT: "WRITE_CONFIRMATION_TIMEOUT",
  /** A confirmation came that is none of a success. */
  DATABASE_WRITE_FAILED: "DATABASE_WRITE_FAILED",
} as const;
