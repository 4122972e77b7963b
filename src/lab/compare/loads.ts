/**
 * Every variant under every load, in turns.
 *
 * @module
 */
import type { CompareContext } from "./compare_context.ts";
import { interleave } from "./interleave.ts";
import { type LoadPlan, policiesOf, warmUpOf } from "./load_plan.ts";
import { LoadRun } from "./load_run.ts";
import { LoadTally } from "./load_tally.ts";
import type { ImpossibleLoad, LoadName, LoadRow, VariantName } from "./report_data.ts";
import { VARIANT } from "./variants.ts";

/** What is measured. */
export interface LoadsOptions {
  readonly plan: LoadPlan;
  readonly variants: readonly VariantName[];
  /** Loads under the same policies: their variants share workers. */
  readonly loads: readonly LoadName[];
}

/**
 * Starts every variant's workers, warms each variant up, and makes the loads, one after the other: in each round every
 * variant has its turn.
 *
 * @throws {Error} If the database does not hold what callers were told.
 */
export async function* runLoads(
  context: CompareContext,
  { plan, variants, loads }: LoadsOptions,
): AsyncGenerator<LoadRow | ImpossibleLoad> {
  const policies = policiesOf(loads[0], plan);
  await using stack = new AsyncDisposableStack();
  const able = variants.filter((variant) => loads.some((load) => impossible(load, variant) === undefined));
  context.progress(`${loads.join(", ")}: starting ${able.join(", ")}`);
  const runs = new Map(
    await Promise.all(able.map(async (variant) => {
      const run = stack.use(await LoadRun.open(context, variant, policies[variant]));
      return [variant, run] as const;
    })),
  );
  for (const [variant, run] of runs) {
    context.progress(`${loads.join(", ")}: warming up ${variant}`);
    await run.warmUp(warmUpOf(loads[0], plan));
  }
  for (const load of loads) yield* runLoad(context, plan, load, variants, runs);
}

async function* runLoad(
  context: CompareContext,
  plan: LoadPlan,
  load: LoadName,
  variants: readonly VariantName[],
  runs: ReadonlyMap<VariantName, LoadRun>,
): AsyncGenerator<LoadRow | ImpossibleLoad> {
  const { shape, rounds } = plan.loads[load];
  const able = variants.filter((variant) => impossible(load, variant) === undefined);
  const tallies = new Map(able.map((variant) => [variant, new LoadTally(load, variant)]));
  for (const { round, item: variant } of interleave(able, rounds)) {
    context.signal.throwIfAborted();
    context.progress(`${load}, round ${round + 1} of ${rounds}: ${variant}`);
    const writers = load === "clients" ? "clients" : "workflows";
    tallies.get(variant)!.add(await runs.get(variant)!.measure(shape, writers, plan.historiesMax));
  }
  for (const variant of variants) {
    const reason = impossible(load, variant);
    yield reason === undefined ? tallies.get(variant)!.row : { scenario: load, variant, impossible: reason };
  }
}

/** Why there is no such load for a variant; `undefined` where there is. */
function impossible(load: LoadName, variant: VariantName): string | undefined {
  if (load === "clients") {
    const { clientWriter } = VARIANT[variant];
    return typeof clientWriter === "string" ? clientWriter : undefined;
  }
  if (load === "trickle" && variant === "direct") {
    return "It gathers nothing, so that there is no window to hold a write.";
  }
  return undefined;
}
