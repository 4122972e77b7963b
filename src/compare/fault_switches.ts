/**
 * What can be made to go wrong between a worker and its database; the same for every variant.
 *
 * @module
 */
import { SinkError } from "../sinks/sink.ts";

/** Switches of one database connection. */
export class FaultSwitches {
  /** The database cannot be reached: every write fails at once, and nothing is written. */
  sinkDown = false;
  /** Every write is committed, and its answer never comes. */
  hangsAfterCommit = false;

  /** @param onCommitted Told about each write that is committed and will not be answered. */
  constructor(private readonly onCommitted: () => void = () => {}) {}

  /** Runs a write under the switches. */
  async around<T>(write: () => Promise<T>): Promise<T> {
    if (this.sinkDown) throw new SinkError("unavailable", "no", "The database cannot be reached (switched off)");
    const result = await write();
    if (!this.hangsAfterCommit) return result;
    this.onCommitted();
    return await new Promise<never>(() => {});
  }
}
