/**
 * `deno task bench`: measurements.
 *
 * @module
 */
import type { BenchRow, Scenario } from "../bench/scenario.ts";
import { type ChartSpec, drawChart } from "../bench/chart.ts";
import { callers } from "../bench/callers.ts";
import { fanin } from "../bench/fanin.ts";
import { floor } from "../bench/floor.ts";
import { overload } from "../bench/overload.ts";
import { rollover } from "../bench/rollover.ts";
import { shards } from "../bench/shards.ts";
import { throughput } from "../bench/throughput.ts";
import { window } from "../bench/window.ts";
import { sinks } from "../bench/sinks.ts";
import { createLog, installRuntime } from "../worker/log.ts";
import { EXIT_INTERRUPTED, main, UsageError } from "./command.ts";

const SCENARIOS: Readonly<
  Record<string, { readonly help: string; readonly run: Scenario; readonly chart?: ChartSpec }>
> = {
  floor: { help: "one write when nobody else writes, beside an Update whose handler does nothing", run: floor },
  throughput: { help: "one batcher under 500 and 5,000 callers, beside an empty one", run: throughput },
  fanin: { help: "10, 30 and 60 writer processes at the same instant, and the naive way beside them", run: fanin },
  callers: { help: "caller workflows, beside bare ones", run: callers },
  rollover: { help: "continue-as-new every twenty flushes under load", run: rollover },
  overload: { help: "three times more than the sink takes, for a minute", run: overload },
  shards: {
    help: "1, 2, 4 and 8 shards with a writer process for each",
    run: shards,
    chart: {
      title: "Shards, with one writer process for each",
      x: ["shards", "shards"],
      left: ["writes_per_s", "writes/s"],
      right: ["p99_ms", "p99 of a write (ms)"],
    },
  },
  window: { help: "8 processes with a window of 2 s", run: window },
  sinks: { help: "each sink beside a plain bulk insert, without Temporal", run: sinks },
};

await main({
  usage: "deno task bench",
  summary:
    "Measures a scenario on a Temporal server and a ledger of its own. Timings are compared inside one run.\n\n" +
    "Scenarios:\n" + Object.entries(SCENARIOS).map(([name, { help }]) => `  ${name.padEnd(10)}  ${help}`).join("\n"),
  operands: ["SCENARIO"],
  flags: {
    json: { type: "switch", help: "Print one JSON object a line instead of a table" },
    chart: { type: "text", value: "FILE.svg", help: "Draw the curve as well (of shards)" },
  },
  examples: ["deno task bench floor", "deno task bench floor --json"],
  async run(flags, [name], signal) {
    const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
    if (scenario === undefined) {
      throw new UsageError(`Unknown scenario ${name}: it must be one of ${Object.keys(SCENARIOS).join(", ")}`);
    }
    if (flags.chart !== undefined && scenario.chart === undefined) throw new UsageError(`--chart is not for ${name}`);
    const log = createLog("warn");
    installRuntime(log, "warn");
    const rows: BenchRow[] = [];
    for await (const row of scenario.run({ log, signal, progress: (what) => console.error(what) })) {
      rows.push(row);
      if (flags.json) console.log(JSON.stringify(row));
    }
    if (signal.aborted) return EXIT_INTERRUPTED;
    if (!flags.json) console.table(rows);
    if (flags.chart !== undefined && scenario.chart !== undefined) {
      await Deno.writeTextFile(flags.chart, drawChart(rows, scenario.chart));
      console.error(`Chart: ${flags.chart}`);
    }
    return 0;
  },
});
