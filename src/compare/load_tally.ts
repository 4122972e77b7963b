/**
 * Adds up what rounds measured.
 *
 * @module
 */
import { Latencies } from "../bench/latencies.ts";
import { addCosts, type HistoryCost, NO_COST } from "./histories.ts";
import type { ShapeResult } from "./load_shape.ts";
import { CURVE_PERCENTILES, type LoadName, type LoadRow, type VariantName } from "./report_data.ts";
import type { WorkerMeasure } from "./worker_process.ts";

/** What one round of one variant measured. */
export interface RoundMeasure {
  readonly result: ShapeResult;
  readonly before: WorkerMeasure;
  readonly after: WorkerMeasure;
  /** Histories of callers, a sample of them. */
  readonly callers: readonly HistoryCost[];
  /** What the batchers' histories grew by. */
  readonly batchers: HistoryCost;
}

/** One variant under one load. */
export class LoadTally {
  readonly #waits = new Latencies();
  readonly #calls = new Latencies();
  #done = 0;
  #failed = 0;
  #rates: number[] = [];
  #transactions = 0;
  #rows = 0;
  #cpuSeconds = 0;
  #callers = NO_COST;
  #callersRead = 0;
  #batchers = NO_COST;

  constructor(private readonly scenario: LoadName, private readonly variant: VariantName) {}

  /** Adds a round. */
  add({ result, before, after, callers, batchers }: RoundMeasure): void {
    for (const { told, begunAtMs, endedAtMs } of result.counted) {
      if (told.kind !== "done") continue;
      this.#waits.addMs(told.waitMs);
      this.#calls.addMs(endedAtMs - begunAtMs);
    }
    const done = result.calls.filter(({ told }) => told.kind === "done").length;
    this.#done += done;
    this.#failed += result.calls.length - done;
    this.#rates.push(result.perSecond);
    this.#transactions += after.transactions - before.transactions;
    this.#rows += after.rows - before.rows;
    this.#cpuSeconds += after.cpuSeconds - before.cpuSeconds;
    for (const caller of callers) this.#callers = addCosts(this.#callers, caller);
    this.#callersRead += callers.length;
    this.#batchers = addCosts(this.#batchers, batchers);
  }

  /** The row of all rounds together. */
  get row(): LoadRow {
    const waits = this.#waits;
    const perSecond = this.#rates.reduce((sum, rate) => sum + rate, 0) / this.#rates.length;
    const transactionsPerWrite = this.#transactions / this.#done;
    // All callers of a load do the same, so that those that were read stand for the others.
    const perWrite = (what: keyof HistoryCost) =>
      this.#batchers[what] / this.#done + (this.#callersRead > 0 ? this.#callers[what] / this.#callersRead : 0);
    return {
      scenario: this.scenario,
      variant: this.variant,
      writes: this.#done,
      failed: this.#failed,
      p50_ms: waits.ms(50),
      p95_ms: waits.ms(95),
      p99_ms: waits.ms(99),
      max_ms: waits.ms(100),
      curve_ms: CURVE_PERCENTILES.map((percentile) => waits.ms(percentile)),
      call_ms_p50: this.#calls.ms(50),
      call_ms_p99: this.#calls.ms(99),
      writes_per_s: rounded(perSecond, 1),
      statements_per_s: rounded(transactionsPerWrite * perSecond, 1),
      rows_per_statement: rounded(this.#rows / this.#transactions),
      events_per_write: rounded(perWrite("events")),
      history_bytes_per_write: rounded(perWrite("bytes"), 0),
      actions_per_write: rounded(perWrite("actions")),
      worker_cpu_s_per_1000_writes: rounded(this.#cpuSeconds / this.#done * 1_000),
    };
  }
}

function rounded(value: number, decimals = 2): number {
  return Number(value.toFixed(decimals));
}
