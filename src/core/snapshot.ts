/**
 * What a batcher hands to its next run.
 *
 * @module
 */
import { LIMITS } from "../protocol/limits.ts";
import type { BatcherSnapshot, LedgerSnapshot } from "../protocol/messages.ts";
import { textBytes } from "../protocol/text_bytes.ts";
import { SettledWindow } from "./settled_window.ts";

/** What the settled writes share their snapshot with: version, generation, ledgers, names of fields. */
const FRAME_BYTES = 1_024;

/** Version of the snapshots that this code writes. It reads version 1 too, whose digests are shorter. */
export const SNAPSHOT_VERSION = 2;

/** What a snapshot is made of. */
export interface SnapshotParts {
  readonly generation: number;
  readonly settled: SettledWindow;
  readonly writers: readonly (readonly [writer: string, seenAtMs: number])[];
  readonly ledger?: LedgerSnapshot;
}

/** Writes a snapshot for the next run, of at most {@linkcode LIMITS.snapshotBytesMax} bytes as JSON. */
export function takeSnapshot({ generation, settled, writers, ledger }: SnapshotParts): BatcherSnapshot {
  const room = LIMITS.snapshotBytesMax - FRAME_BYTES - textBytes(JSON.stringify(writers));
  return { version: SNAPSHOT_VERSION, generation, settled: settled.snapshot(room), writers, ...(ledger && { ledger }) };
}

/**
 * Reads a snapshot.
 *
 * @throws {RangeError} If it has another version: to guess at its meaning would be worse than to stop.
 */
export function restoreSnapshot(snapshot: BatcherSnapshot | undefined): SnapshotParts {
  if (snapshot === undefined) return { generation: 0, settled: new SettledWindow(), writers: [] };
  if (snapshot.version !== 1 && snapshot.version !== SNAPSHOT_VERSION) {
    throw new RangeError(
      `Cannot continue as the snapshot's version must be 1 or ${SNAPSHOT_VERSION}: current value is ${snapshot.version}. ` +
        "Run a worker with the code that wrote it, or terminate the batcher: the ledger keeps what was stored",
    );
  }
  const { generation, settled, writers = [], ledger } = snapshot;
  return { generation, settled: SettledWindow.restore(settled), writers, ...(ledger && { ledger }) };
}
