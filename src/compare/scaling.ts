/**
 * The load on the database with several worker processes.
 *
 * @module
 */
import { Latencies } from "../bench/latencies.ts";
import type { CompareContext } from "./compare_context.ts";
import { interleave } from "./interleave.ts";
import type { LoadPlan, ScalingPlan } from "./load_plan.ts";
import { LoadRun } from "./load_run.ts";
import type { ScalingRow, VariantName } from "./report_data.ts";
import { NO_WINDOW } from "./variant.ts";

/** The variants whose load on the database may depend on the number of processes. */
const SCALED = ["update", "activity", "direct"] as const satisfies readonly VariantName[];

/** Those of them whose load on the database is looked at. */
export function scaledOf(variants: readonly VariantName[]): ScalingRow["variant"][] {
  return SCALED.filter((variant) => variants.includes(variant));
}

/** One variant on one number of processes. */
interface Setting {
  readonly variant: ScalingRow["variant"];
  readonly processes: number;
}

/**
 * Puts the same load on each number of worker processes that run callers. Where a batcher writes, it has a process of its
 * own beside them, as a service would.
 */
export async function* runScaling(
  context: CompareContext,
  { plan: { scaling }, variants }: { readonly plan: LoadPlan; readonly variants: readonly VariantName[] },
): AsyncGenerator<ScalingRow> {
  const settings: Setting[] = scaling.processes.flatMap((processes) =>
    scaledOf(variants).map((variant) => ({ variant, processes }))
  );
  const tallies = new Map(settings.map((setting) => [setting, new ScalingTally(setting)]));
  for (const { round, item } of interleave(settings, scaling.rounds)) {
    context.signal.throwIfAborted();
    context.progress(
      `scaling, round ${round + 1} of ${scaling.rounds}: ${item.variant} on ${item.processes} worker processes`,
    );
    await measure(context, scaling, item, tallies.get(item)!);
  }
  for (const tally of tallies.values()) yield tally.row;
}

async function measure(
  context: CompareContext,
  { shape, warmUp }: ScalingPlan,
  { variant, processes }: Setting,
  tally: ScalingTally,
): Promise<void> {
  await using run = await LoadRun.open(context, variant, NO_WINDOW[variant], processes);
  await run.warmUp(warmUp);
  tally.add(await run.measure(shape, "workflows", 0));
}

type Round = Awaited<ReturnType<LoadRun["measure"]>>;

class ScalingTally {
  readonly #waits = new Latencies();
  readonly #rates: number[] = [];
  #writes = 0;
  #transactions = 0;
  #rows = 0;
  #connections = 0;

  constructor(private readonly setting: Setting) {}

  add({ result, before, after }: Round): void {
    for (const { told } of result.counted) if (told.kind === "done") this.#waits.addMs(told.waitMs);
    this.#rates.push(result.perSecond);
    this.#writes += result.calls.filter(({ told }) => told.kind === "done").length;
    this.#transactions += after.transactions - before.transactions;
    this.#rows += after.rows - before.rows;
    this.#connections = after.connections;
  }

  get row(): ScalingRow {
    const perSecond = this.#rates.reduce((sum, rate) => sum + rate, 0) / this.#rates.length;
    return {
      ...this.setting,
      writes_per_s: round(perSecond),
      p50_ms: this.#waits.ms(50),
      statements_per_s: round(this.#transactions / this.#writes * perSecond),
      rows_per_statement: round(this.#rows / this.#transactions),
      connections: this.#connections,
    };
  }
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
