/**
 * Stands in for a caller's own work.
 *
 * @module
 */
import { heartbeat, sleep } from "@temporalio/activity";

const HEARTBEAT_EVERY_MS = 3_000;

/** Takes `durationMs` milliseconds, or less if it is cancelled. */
export async function simulateWork(durationMs: number): Promise<void> {
  if (durationMs === 0) return;
  const beat = setInterval(() => heartbeat(), HEARTBEAT_EVERY_MS);
  try {
    await sleep(durationMs);
  } finally {
    clearInterval(beat);
  }
}
