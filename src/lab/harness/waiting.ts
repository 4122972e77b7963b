/**
 * Waiting that ends: for a condition, for an answer, for a while.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";

/** How long something that is about to happen may take. */
const USUAL_WAIT_MS = 30_000;

/** Bounds of a wait. */
export interface WaitOptions {
  readonly withinMs: number;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
}

/** Bounds of asking again and again. */
export interface PollOptions extends WaitOptions {
  /**
   * How long to wait between two questions.
   * @default {20}
   */
  readonly everyMs?: number;
}

/** Asks until the answer is neither `undefined` nor `false`, and returns it; `undefined` if it does not come in time. */
export async function poll<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { withinMs, signal, everyMs = 20 }: PollOptions,
): Promise<T | undefined> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() >= deadlineMs) return undefined;
    await pause(everyMs, signal);
  }
}

/**
 * Asks until the answer is neither `undefined` nor `false`, and returns it. A question that fails is asked again.
 *
 * @param what Names the condition, for the failure.
 * @throws {Error} If it is not so after 30 s; an error of the last question is its cause.
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  let cause: unknown;
  const answer = await poll(async () => {
    cause = undefined;
    try {
      return await ask();
    } catch (error) {
      cause = error;
      return undefined;
    }
  }, { withinMs: USUAL_WAIT_MS });
  if (answer === undefined) throw new Error(`not within ${USUAL_WAIT_MS} ms: ${what}`, { cause });
  return answer;
}

/** Waits for a value, or for so long: then it is `undefined`. */
export async function valueWithin<T>(value: Promise<T>, { withinMs, signal }: WaitOptions): Promise<T | undefined> {
  const done = new AbortController();
  const signals = signal === undefined ? [done.signal] : [signal, done.signal];
  try {
    return await Promise.race([value, pause(withinMs, AbortSignal.any(signals)).then(() => undefined)]);
  } finally {
    done.abort();
  }
}

/** Waits for a while; at once where it is not positive. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal });
}
