/**
 * Adds up what rounds of one variant measured.
 *
 * @module
 */
import { rounded } from "../harness/figures.ts";
import { Latencies } from "../harness/latencies.ts";
import { addCosts, type HistoryCost, NO_COST } from "./histories.ts";
import type { RoundMeasure } from "./load_run.ts";
import type { LoadName, LoadRow, ScalingRow } from "./report_data.ts";

/** All rounds of one variant under one load; rates are the mean of those of the rounds. */
export class LoadTally {
  readonly #waits = new Latencies();
  readonly #calls = new Latencies();
  readonly #rates: number[] = [];
  #writes = 0;
  #failed = 0;
  #transactions = 0;
  #rows = 0;
  #cpuSeconds = 0;
  #connections = 0;
  #callers = NO_COST;
  #callersRead = 0;
  #batchers = NO_COST;

  /** Adds a round. */
  add({ result, before, after, callers, batchers }: RoundMeasure): void {
    for (const { told, begunAtMs, endedAtMs } of result.counted) {
      if (told.kind !== "done") continue;
      this.#waits.addMs(told.waitMs);
      this.#calls.addMs(endedAtMs - begunAtMs);
    }
    const done = result.calls.filter(({ told }) => told.kind === "done").length;
    this.#writes += done;
    this.#failed += result.calls.length - done;
    this.#rates.push(result.perSecond);
    this.#transactions += after.transactions - before.transactions;
    this.#rows += after.rows - before.rows;
    this.#cpuSeconds += after.cpuSeconds - before.cpuSeconds;
    this.#connections = after.connections;
    for (const caller of callers) this.#callers = addCosts(this.#callers, caller);
    this.#callersRead += callers.length;
    this.#batchers = addCosts(this.#batchers, batchers);
  }

  /** The row of all rounds of a load. */
  loadRow(scenario: LoadName, variant: string): LoadRow {
    // All callers of a load do the same, so that those that were read stand for the others.
    const perWrite = (what: keyof HistoryCost) =>
      this.#batchers[what] / this.#writes + (this.#callersRead > 0 ? this.#callers[what] / this.#callersRead : 0);
    return {
      scenario,
      variant,
      writes: this.#writes,
      failed: this.#failed,
      p50_ms: this.#waits.ms(50),
      p95_ms: this.#waits.ms(95),
      p99_ms: this.#waits.ms(99),
      max_ms: this.#waits.ms(100),
      call_ms_p50: this.#calls.ms(50),
      call_ms_p99: this.#calls.ms(99),
      ...this.#throughput(),
      events_per_write: rounded(perWrite("events")),
      history_bytes_per_write: rounded(perWrite("bytes"), 0),
      actions_per_write: rounded(perWrite("actions")),
      worker_cpu_s_per_1000_writes: rounded(this.#cpuSeconds / this.#writes * 1_000),
    };
  }

  /** The row of all rounds with so many worker processes. */
  scalingRow(variant: string, processes: number): ScalingRow {
    return {
      variant,
      processes,
      p50_ms: this.#waits.ms(50),
      ...this.#throughput(),
      connections: this.#connections,
    };
  }

  #throughput() {
    const writesPerS = this.#rates.reduce((sum, rate) => sum + rate, 0) / this.#rates.length;
    return {
      writes_per_s: rounded(writesPerS, 1),
      statements_per_s: rounded(this.#transactions / this.#writes * writesPerS, 1),
      rows_per_statement: rounded(this.#rows / this.#transactions),
    };
  }
}
