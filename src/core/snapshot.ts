/**
 * What a batcher hands to its next run.
 *
 * @module
 */
import type { BatcherSnapshot } from "../protocol/messages.ts";
import { SettledWindow } from "./settled_window.ts";

/** Version of the snapshots that this code writes and reads. */
export const SNAPSHOT_VERSION = 1;

/** Writes a snapshot for the next run. */
export function takeSnapshot(generation: number, settled: SettledWindow): BatcherSnapshot {
  return { version: SNAPSHOT_VERSION, generation, settled: settled.snapshot() };
}

/**
 * Reads a snapshot.
 *
 * @throws {RangeError} If it has another version: to guess at its meaning would be worse than to stop.
 */
export function restoreSnapshot(snapshot: BatcherSnapshot | undefined): { generation: number; settled: SettledWindow } {
  if (snapshot === undefined) return { generation: 0, settled: new SettledWindow() };
  if (snapshot.version !== SNAPSHOT_VERSION) {
    throw new RangeError(
      `Cannot continue as the snapshot's version must be ${SNAPSHOT_VERSION}: current value is ${snapshot.version}. ` +
        "Run a worker with the code that wrote it, or terminate the batcher: the ledger keeps what was stored",
    );
  }
  return { generation: snapshot.generation, settled: SettledWindow.restore(snapshot.settled) };
}
