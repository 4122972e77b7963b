/**
 * What rounds of one variant wrote, and what that took of the database.
 *
 * @module
 */
import { Latencies } from "../bench/latencies.ts";
import type { ShapeResult } from "./load_shape.ts";
import type { WorkerMeasure } from "./worker_process.ts";

/** What one round wrote. */
export interface RoundThroughput {
  readonly result: ShapeResult;
  readonly before: WorkerMeasure;
  readonly after: WorkerMeasure;
}

/** Adds rounds up; rates are the mean of those of the rounds. */
export class ThroughputTally {
  /** Waits of the calls that count. */
  readonly waits = new Latencies();
  /** Writes whose callers were told "done". */
  writes = 0;
  #rates: number[] = [];
  #transactions = 0;
  #rows = 0;

  /** Adds a round. */
  add({ result, before, after }: RoundThroughput): void {
    for (const { told } of result.counted) if (told.kind === "done") this.waits.addMs(told.waitMs);
    this.writes += result.calls.filter(({ told }) => told.kind === "done").length;
    this.#rates.push(result.perSecond);
    this.#transactions += after.transactions - before.transactions;
    this.#rows += after.rows - before.rows;
  }

  get writesPerS(): number {
    return this.#rates.reduce((sum, rate) => sum + rate, 0) / this.#rates.length;
  }

  get statementsPerS(): number {
    return this.#transactions / this.writes * this.writesPerS;
  }

  get rowsPerStatement(): number {
    return this.#rows / this.#transactions;
  }
}
