/**
 * The activities that workflows call, each once fast and once durable.
 *
 * Fast is a local activity with one short attempt: no event before its result, so that admission, work and answer fit
 * into one workflow task. Durable is a regular activity that takes over where fast failed: it survives its worker, is
 * retried, shows in the Web UI, and lets new work in meanwhile.
 *
 * @module
 */
import { proxyActivities, proxyLocalActivities } from "@temporalio/workflow";
import type { FlushActivities, SubmitActivities, WorkActivities } from "../src/protocol/activities.ts";
import type { ResolvedBatchingOptions } from "../src/protocol/options.ts";

/** First back-off of a durable flush. */
const DURABLE_RETRY_MS = 500;

/** Longest back-off: with more, callers go on waiting long after the database has come back. */
const DURABLE_RETRY_MAX_MS = 1_000;

/** A durable flush that gets no answer for so long is tried again; the sink makes the second attempt harmless. */
const DURABLE_ATTEMPT_MS = 30_000;

/** A worker that is asked for its ledger answers at once, or its database is away. */
const ASK_ATTEMPT_MS = 5_000;

/** The two ways of a flush, and the way to ask any worker for its ledger: a flush of nothing. */
export function flushActivities(
  options: ResolvedBatchingOptions,
): { fast: FlushActivities; durable: FlushActivities; ask: FlushActivities } {
  return {
    ask: proxyActivities<FlushActivities>({
      startToCloseTimeout: ASK_ATTEMPT_MS,
      scheduleToCloseTimeout: options.durableFlushMs,
      retry: { initialInterval: DURABLE_RETRY_MS, backoffCoefficient: 2, maximumInterval: DURABLE_RETRY_MAX_MS },
      // Eagerly the worker of this workflow task would answer all by itself.
      allowEagerDispatch: false,
    }),
    fast: proxyLocalActivities<FlushActivities>({
      startToCloseTimeout: options.fastFlushMs,
      retry: { maximumAttempts: 1 },
    }),
    durable: proxyActivities<FlushActivities>({
      startToCloseTimeout: Math.min(DURABLE_ATTEMPT_MS, options.durableFlushMs),
      scheduleToCloseTimeout: options.durableFlushMs,
      retry: { initialInterval: DURABLE_RETRY_MS, backoffCoefficient: 2, maximumInterval: DURABLE_RETRY_MAX_MS },
    }),
  };
}

/** How long a caller's fast attempt may hold its workflow task. */
export const FAST_SUBMIT_MS = 3_500;

/**
 * A submitting worker that is silent for so long is taken for dead; another one takes over. Shorter would be sooner, but
 * each heartbeat is a billed action, and a window of 20 s is waited out without one.
 */
export const SUBMIT_HEARTBEAT_MS = 30_000;

/** The two ways of a caller's submit. */
export function submitActivities(timeoutMs: number): { fast: SubmitActivities; durable: SubmitActivities } {
  return {
    fast: proxyLocalActivities<SubmitActivities>({
      startToCloseTimeout: Math.min(FAST_SUBMIT_MS, timeoutMs),
      retry: { maximumAttempts: 1 },
    }),
    durable: proxyActivities<SubmitActivities>({
      scheduleToCloseTimeout: timeoutMs,
      heartbeatTimeout: SUBMIT_HEARTBEAT_MS,
      retry: { initialInterval: 200, backoffCoefficient: 2, maximumInterval: 2_000 },
    }),
  };
}

/** A caller's own work; a regular activity, as it would be there. */
export const work: WorkActivities = proxyActivities<WorkActivities>({
  startToCloseTimeout: "1 minute",
  heartbeatTimeout: "10 seconds",
});
