/**
 * `deno task bench`: measurements.
 *
 * @module
 */
import type { BenchRow, Scenario } from "../bench/scenario.ts";
import { floor } from "../bench/floor.ts";
import { createLog, installRuntime } from "../worker/log.ts";
import { EXIT_INTERRUPTED, main, UsageError } from "./command.ts";

const SCENARIOS: Readonly<Record<string, { readonly help: string; readonly run: Scenario }>> = {
  floor: { help: "one write when nobody else writes, beside an Update whose handler does nothing", run: floor },
};

await main({
  usage: "deno task bench",
  summary:
    "Measures a scenario on a Temporal server and a ledger of its own. Timings are compared inside one run.\n\n" +
    "Scenarios:\n" + Object.entries(SCENARIOS).map(([name, { help }]) => `  ${name.padEnd(10)}  ${help}`).join("\n"),
  operands: ["SCENARIO"],
  flags: { json: { type: "switch", help: "Print one JSON object a line instead of a table" } },
  examples: ["deno task bench floor", "deno task bench floor --json"],
  async run(flags, [name], signal) {
    const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
    if (scenario === undefined) {
      throw new UsageError(`Unknown scenario ${name}: it must be one of ${Object.keys(SCENARIOS).join(", ")}`);
    }
    const log = createLog("warn");
    installRuntime(log, "warn");
    const rows: BenchRow[] = [];
    for await (const row of scenario.run({ log, signal, progress: (what) => console.error(what) })) {
      rows.push(row);
      if (flags.json) console.log(JSON.stringify(row));
    }
    if (signal.aborted) return EXIT_INTERRUPTED;
    if (!flags.json) console.table(rows);
    return 0;
  },
});
