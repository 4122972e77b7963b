/**
 * Waits for the lock of a SQLite file without blocking the event loop.
 *
 * @module
 */

import { SinkError } from "../sink.ts";
import { classifySqliteError } from "./errors.ts";

/** Bounds of the random sleep between two tries, in milliseconds: random, so that two processes do not keep step. */
const SLEEP_MIN_MS = 1;
const SLEEP_MAX_MS = 10;

/**
 * Calls again while another connection holds the lock.
 *
 * @param waitMs After how long to give up. The last call may begin just before.
 * @returns What `call` returns.
 * @throws What `call` throws, at once unless it is a {@linkcode SinkError} that a lock has caused.
 */
export async function whileLocked<T>(waitMs: number, call: () => T): Promise<T> {
  const deadline = performance.now() + waitMs;
  while (true) {
    try {
      return call();
    } catch (error) {
      const locked = error instanceof SinkError && classifySqliteError(error.cause).locked;
      if (!locked || performance.now() >= deadline) throw error;
    }
    const sleepMs = SLEEP_MIN_MS + Math.random() * (SLEEP_MAX_MS - SLEEP_MIN_MS);
    await new Promise((resolve) => setTimeout(resolve, sleepMs));
  }
}
