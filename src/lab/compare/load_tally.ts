/**
 * Adds up what rounds measured.
 *
 * @module
 */
import { Latencies } from "../bench/latencies.ts";
import { rounded } from "../bench/scenario.ts";
import { addCosts, type HistoryCost, NO_COST } from "./histories.ts";
import { CURVE_PERCENTILES, type LoadName, type LoadRow, type VariantName } from "./report_data.ts";
import { type RoundThroughput, ThroughputTally } from "./throughput_tally.ts";

/** What one round of one variant measured. */
export interface RoundMeasure extends RoundThroughput {
  /** Histories of callers, a sample of them. */
  readonly callers: readonly HistoryCost[];
  /** What the batchers' histories grew by. */
  readonly batchers: HistoryCost;
}

/** One variant under one load. */
export class LoadTally {
  readonly #throughput = new ThroughputTally();
  readonly #calls = new Latencies();
  #failed = 0;
  #cpuSeconds = 0;
  #callers = NO_COST;
  #callersRead = 0;
  #batchers = NO_COST;

  constructor(private readonly scenario: LoadName, private readonly variant: VariantName) {}

  /** Adds a round. */
  add(round: RoundMeasure): void {
    const { result, before, after, callers, batchers } = round;
    this.#throughput.add(round);
    for (const { told, begunAtMs, endedAtMs } of result.counted) {
      if (told.kind === "done") this.#calls.addMs(endedAtMs - begunAtMs);
    }
    this.#failed += result.calls.filter(({ told }) => told.kind !== "done").length;
    this.#cpuSeconds += after.cpuSeconds - before.cpuSeconds;
    for (const caller of callers) this.#callers = addCosts(this.#callers, caller);
    this.#callersRead += callers.length;
    this.#batchers = addCosts(this.#batchers, batchers);
  }

  /** The row of all rounds together. */
  get row(): LoadRow {
    const { waits, writes, writesPerS, statementsPerS, rowsPerStatement } = this.#throughput;
    // All callers of a load do the same, so that those that were read stand for the others.
    const perWrite = (what: keyof HistoryCost) =>
      this.#batchers[what] / writes + (this.#callersRead > 0 ? this.#callers[what] / this.#callersRead : 0);
    return {
      scenario: this.scenario,
      variant: this.variant,
      writes,
      failed: this.#failed,
      p50_ms: waits.ms(50),
      p95_ms: waits.ms(95),
      p99_ms: waits.ms(99),
      max_ms: waits.ms(100),
      curve_ms: CURVE_PERCENTILES.map((percentile) => waits.ms(percentile)),
      call_ms_p50: this.#calls.ms(50),
      call_ms_p99: this.#calls.ms(99),
      writes_per_s: rounded(writesPerS, 1),
      statements_per_s: rounded(statementsPerS, 1),
      rows_per_statement: rounded(rowsPerStatement),
      events_per_write: rounded(perWrite("events")),
      history_bytes_per_write: rounded(perWrite("bytes"), 0),
      actions_per_write: rounded(perWrite("actions")),
      worker_cpu_s_per_1000_writes: rounded(this.#cpuSeconds / writes * 1_000),
    };
  }
}
