/**
 * The load on the database with several worker processes.
 *
 * @module
 */
import { rounded } from "../bench/scenario.ts";
import type { CompareContext } from "./compare_context.ts";
import { interleave } from "./interleave.ts";
import type { LoadPlan, ScalingPlan } from "./load_plan.ts";
import { LoadRun } from "./load_run.ts";
import type { ScalingRow, VariantName } from "./report_data.ts";
import { type RoundThroughput, ThroughputTally } from "./throughput_tally.ts";
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

class ScalingTally {
  readonly #throughput = new ThroughputTally();
  #connections = 0;

  constructor(private readonly setting: Setting) {}

  add(round: RoundThroughput): void {
    this.#throughput.add(round);
    this.#connections = round.after.connections;
  }

  get row(): ScalingRow {
    const { waits, writesPerS, statementsPerS, rowsPerStatement } = this.#throughput;
    return {
      ...this.setting,
      writes_per_s: rounded(writesPerS, 1),
      p50_ms: waits.ms(50),
      statements_per_s: rounded(statementsPerS, 1),
      rows_per_statement: rounded(rowsPerStatement, 1),
      connections: this.#connections,
    };
  }
}
