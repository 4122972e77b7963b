/**
 * `deno task bench`: measurements.
 *
 * @module
 */
import type { BenchRow, Scenario } from "../lab/bench/scenario.ts";
import { type ChartSpec, drawChart } from "../lab/bench/chart.ts";
import { callers } from "../lab/bench/callers.ts";
import { fanin } from "../lab/bench/fanin.ts";
import { floor } from "../lab/bench/floor.ts";
import { overload } from "../lab/bench/overload.ts";
import { growth, GROWTH_ROWS } from "../lab/bench/growth.ts";
import { rollover } from "../lab/bench/rollover.ts";
import { shards } from "../lab/bench/shards.ts";
import { throughput } from "../lab/bench/throughput.ts";
import { window } from "../lab/bench/window.ts";
import { rows } from "../lab/bench/rows.ts";
import { sinks } from "../lab/bench/sinks.ts";
import { createLog } from "../worker/log.ts";
import { installRuntime } from "../worker/runtime.ts";
import { EXIT_INTERRUPTED, main, UsageError } from "./command.ts";
import { measuredAddress, measuredFlag } from "./measured_server.ts";
import { connectOrExplain } from "./server_access.ts";
import { asciiJson } from "./shown_text.ts";

interface NamedScenario {
  readonly help: string;
  readonly run: Scenario;
  readonly chart?: ChartSpec;
  /** Why it cannot measure a server that was not started for it. */
  readonly ownServer?: string;
  /** Set where it measures no Temporal server at all. */
  readonly noServer?: true;
  /** Set where it lets a ledger grow. */
  readonly grows?: true;
  /** Set where it has a short form. */
  readonly short?: true;
}

const SCENARIOS: Readonly<Record<string, NamedScenario>> = {
  floor: { help: "one write when nobody else writes, beside an Update whose handler does nothing", run: floor },
  throughput: { help: "one batcher under 500 and 5,000 callers, beside an empty one", run: throughput },
  fanin: { help: "10, 30, 60 and 100 writer processes at the same instant, and the naive way beside them", run: fanin },
  callers: { help: "caller workflows, beside bare ones", run: callers },
  rollover: {
    help: "continue-as-new every twenty flushes under load; only on a server that is started for it",
    run: rollover,
    ownServer: "the server must suggest continue-as-new every twenty flushes",
  },
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
  rows: {
    help: "6 and 20 writers with rows and answers of every size: no task over the server's limits",
    run: rows,
    short: true,
  },
  sinks: { help: "each sink beside a plain bulk insert, without Temporal", run: sinks, noServer: true },
  growth: {
    help: "each sink and a plain table as they grow, with random and with time-ordered ids",
    run: growth,
    noServer: true,
    grows: true,
  },
};

await main({
  usage: "deno task bench",
  summary:
    "Measures a scenario on a Temporal server that is started for it, or on yours. Workers, writers and the ledger, a\n" +
    "SQLite file, are on this machine. On your server its workflows have names of their own and are terminated in the end.\n" +
    "Timings are compared inside one run.\n\n" +
    "Scenarios:\n" + Object.entries(SCENARIOS).map(([name, { help }]) => `  ${name.padEnd(10)}  ${help}`).join("\n"),
  operands: ["SCENARIO"],
  flags: {
    json: { type: "switch", help: "Print one JSON object a line instead of a table" },
    ...measuredFlag,
    rows: {
      type: "number",
      min: 1_000,
      max: 1_000_000_000,
      help: `Rows of the largest ledger (of growth, default: ${GROWTH_ROWS})`,
    },
    quick: { type: "switch", help: "A few seconds for each case (of rows)" },
    chart: { type: "text", value: "FILE.svg", help: "Draw the curve as well (of shards)" },
  },
  examples: ["deno task bench floor", "deno task bench throughput --json --address temporal.example:7233"],
  async run(flags, [name], signal) {
    const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
    if (scenario === undefined) {
      throw new UsageError(`Unknown scenario ${name}: it must be one of ${Object.keys(SCENARIOS).join(", ")}`);
    }
    if (flags.chart !== undefined && scenario.chart === undefined) throw new UsageError(`--chart is not for ${name}`);
    if (flags.quick && !scenario.short) throw new UsageError(`--quick is not for ${name}`);
    if (flags.rows !== undefined && !scenario.grows) throw new UsageError(`--rows is not for ${name}`);
    const address = addressFor(name, scenario, flags.address);
    if (address !== undefined) await (await connectOrExplain(address))[Symbol.asyncDispose]();
    const log = createLog("warn");
    installRuntime(log, "warn");
    const results: BenchRow[] = [];
    const context = {
      log,
      signal,
      address,
      rows: flags.rows,
      quick: flags.quick,
      progress: (what: string) => console.error(what),
    };
    for await (const row of scenario.run(context)) {
      results.push(row);
      if (flags.json) console.log(asciiJson(row));
    }
    if (signal.aborted) return EXIT_INTERRUPTED;
    if (!flags.json) console.table(results);
    if (flags.chart !== undefined && scenario.chart !== undefined) {
      await Deno.writeTextFile(flags.chart, drawChart(results, scenario.chart));
      console.error(`Chart: ${flags.chart}`);
    }
    return 0;
  },
});

/** The server that a scenario measures; `undefined` where one is started for it. */
function addressFor(name: string, { ownServer, noServer }: NamedScenario, given: string | undefined) {
  if (noServer) {
    if (given !== undefined) throw new UsageError(`--address is not for ${name}: it runs without Temporal`);
    return undefined;
  }
  const address = measuredAddress(given);
  if (address !== undefined && ownServer !== undefined) {
    const instead = given === undefined ? "unset TEMPORAL_ADDRESS" : "leave out --address";
    throw new UsageError(`${name} runs only on a server that is started for it, as ${ownServer}: ${instead}`);
  }
  return address;
}
