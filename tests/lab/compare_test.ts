/** A comparison in small: two variants, a few writes, a real server. */
import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import type { LoadPlan } from "../../src/lab/compare/load_plan.ts";
import type { ImpossibleLoad, LoadRow } from "../../src/lab/compare/report_data.ts";
import { permitted, permittedTest } from "../support/permitted.ts";
import { spawnCommand } from "../support/run_command.ts";

const WRITES = 4;

const PLAN: LoadPlan = {
  loads: {
    idle: { shape: { kind: "one by one", calls: WRITES }, rounds: 2 },
    sparse: { shape: { kind: "open", everyMs: 200, durationMs: 800 }, rounds: 1 },
    steady: { shape: { kind: "closed", callers: WRITES, durationMs: 100 }, rounds: 1 },
    burst: { shape: { kind: "at once", calls: WRITES }, rounds: 1 },
    trickle: { shape: { kind: "at once", calls: WRITES }, rounds: 1 },
    clients: { shape: { kind: "at once", calls: WRITES }, rounds: 1 },
  },
  warmUp: { kind: "at once", calls: WRITES },
  scaling: {
    processes: [2],
    shape: { kind: "closed", callers: WRITES, durationMs: 100 },
    warmUp: { kind: "at once", calls: WRITES },
    rounds: 1,
  },
  historiesMax: 3,
  window: { size: WRITES, windowMs: 60_000 },
};

async function open(signal = new AbortController().signal) {
  const { startComparison } = await import("../../src/lab/compare/context.ts");
  const { createLog } = await import("../../src/worker/log.ts");
  const { installRuntime } = await import("../../src/worker/runtime.ts");
  const log = createLog("error", () => {});
  installRuntime(log, "error");
  return await startComparison({ quick: true, log, signal, progress: () => {} });
}

async function named(...names: readonly string[]) {
  const { variantOf } = await import("../../src/lab/compare/variants/mod.ts");
  return names.map(variantOf);
}

function measured(rows: readonly (LoadRow | ImpossibleLoad)[], scenario: string, variant: string): LoadRow {
  const row = rows.find((row) => row.scenario === scenario && row.variant === variant);
  assert(row !== undefined && !("impossible" in row), `no row for ${scenario} of ${variant}`);
  return row;
}

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} ± ${tolerance}`);
}

permittedTest("runLoads() measures two variants in turns, and its figures add up", async () => {
  const { runLoads } = await import("../../src/lab/compare/loads.ts");
  await using context = await open();
  const variants = await named("update", "signal");
  const rows = await Array.fromAsync(
    runLoads(context, { plan: PLAN, variants, loads: ["idle", "burst", "steady", "clients"] }),
  );
  assertEquals(rows.map(({ scenario, variant }) => `${scenario} ${variant}`), [
    ...["idle update", "idle signal", "burst update", "burst signal"],
    ...["steady update", "steady signal", "clients update", "clients signal"],
  ]);
  const update = measured(rows, "idle", "update");
  assertEquals([update.writes, update.failed, update.rows_per_statement], [2 * WRITES, 0, 1]);
  // A caller: start and local activity. The batcher: Update and local activity. Six events each.
  assertEquals([update.actions_per_write, update.events_per_write], [4, 12]);
  const signal = measured(rows, "idle", "signal");
  assertEquals([signal.writes, signal.failed, signal.rows_per_statement], [2 * WRITES, 0, 1]);
  // Its batcher goes on after the answer, so that a round may end between two of its events.
  assertNear(signal.actions_per_write, 6, 1);
  assertNear(signal.events_per_write, 33, 3);
  for (const variant of variants) {
    const burst = measured(rows, "burst", variant.name);
    assertEquals([burst.writes, burst.failed], [WRITES, 0]);
    assertGreater(burst.call_ms_p50, burst.p50_ms);
    assertNear(burst.statements_per_s * burst.rows_per_statement, burst.writes_per_s, 0.5);
    assert(measured(rows, "steady", variant.name).writes >= 3 * WRITES);
  }
  assertEquals(measured(rows, "clients", "update").writes, WRITES);
  assertStringIncludes((rows.at(-1) as ImpossibleLoad).impossible, "cannot be answered");
});

permittedTest("runLoads() has each variant that gathers fill the same window", async () => {
  const { runLoads } = await import("../../src/lab/compare/loads.ts");
  await using context = await open();
  const variants = await named("update", "signal", "direct");
  const rows = await Array.fromAsync(
    runLoads(context, { plan: PLAN, variants, loads: ["trickle"] }),
  );
  for (const variant of ["update", "signal"]) {
    assertEquals(measured(rows, "trickle", variant).rows_per_statement, WRITES);
  }
  assertStringIncludes((rows.at(-1) as ImpossibleLoad).impossible, "gathers nothing");
});

permittedTest("runScaling() counts the connections of all processes", async () => {
  const { runScaling } = await import("../../src/lab/compare/loads.ts");
  await using context = await open();
  const rows = await Array.fromAsync(
    runScaling(context, { plan: PLAN, variants: await named("update", "signal", "direct") }),
  );
  assertEquals(rows.map(({ variant, processes, connections }) => [variant, processes, connections]), [
    ["update", 2, 1],
    ["direct", 2, 2],
  ]);
  assertEquals(rows[1].rows_per_statement, 1);
});

permittedTest("runLoads() on a server that goes on leaves no workflow there", async () => {
  const { runLoads } = await import("../../src/lab/compare/loads.ts");
  const { startComparison } = await import("../../src/lab/compare/context.ts");
  await using context = await open();
  const { address, client, log, signal } = context;
  {
    await using other = await startComparison({ address, quick: true, log, signal, progress: () => {} });
    const variants = await named("update", "signal");
    await Array.fromAsync(runLoads(other, { plan: PLAN, variants, loads: ["burst"] }));
  }
  const running = () => Array.fromAsync(client.workflow.list({ query: `ExecutionStatus = "Running"` }));
  const { eventually } = await import("../support/eventually.ts");
  await eventually("no workflow runs", async () => (await running()).length === 0);
});

permittedTest("deno task compare ends everything at Ctrl-C", async () => {
  const directory = await Deno.makeTempDir();
  const args = ["--quick", "--json", "--out", `${directory}/out`];
  await using child = spawnCommand("compare", args, { env: { TMPDIR: directory }, detached: true });
  await child.until("idle, round");
  Deno.kill(-child.pid, "SIGINT");
  assertEquals(await child.ended(), 130, child.output.stderr);
  assertEquals(await processesOf(directory), []);
  assertEquals(Array.from(Deno.readDirSync(directory), ({ name }) => name), ["out"]);
  await Deno.remove(directory, { recursive: true });
});

/** Command lines in which the folder is, as it is in those of worker processes; only Linux tells. */
async function processesOf(directory: string): Promise<string[]> {
  if (Deno.build.os !== "linux" || !permitted) return [];
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const commandLine = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (commandLine.includes(directory)) found.push(commandLine);
  }
  return found;
}
