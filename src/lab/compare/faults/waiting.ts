/**
 * Waiting that ends: for a condition, for an answer, for a while.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 50;

/** Bounds of a wait. */
export interface WaitOptions {
  readonly withinMs: number;
  /** Ends the wait with its reason. */
  readonly signal: AbortSignal;
}

/** Asks until the answer is yes, and says whether it came in time. */
export async function cameTrue(ask: () => Promise<boolean>, { withinMs, signal }: WaitOptions): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  while (!await ask()) {
    if (performance.now() >= deadlineMs) return false;
    await delay(POLL_MS, undefined, { signal });
  }
  return true;
}

/** Waits for a value, or for so long: then it is `undefined`. */
export async function valueWithin<T>(value: Promise<T>, { withinMs, signal }: WaitOptions): Promise<T | undefined> {
  const done = new AbortController();
  try {
    return await Promise.race([
      value,
      delay(withinMs, undefined, { signal: AbortSignal.any([signal, done.signal]) }),
    ]);
  } finally {
    done.abort();
  }
}

/** Waits for a while. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal });
}
