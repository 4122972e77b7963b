/**
 * Every variant under every load, in turns.
 *
 * @module
 */
import type { CompareContext } from "./context.ts";
import type { LoadPlan } from "./load_plan.ts";
import { LoadRun } from "./load_run.ts";
import { interleave } from "./load_shape.ts";
import { LoadTally } from "./load_tally.ts";
import type { ImpossibleLoad, LoadName, LoadRow, ScalingRow } from "./report_data.ts";
import type { Variant } from "./variant.ts";

/** What is measured. */
export interface LoadsOptions {
  readonly plan: LoadPlan;
  readonly variants: readonly Variant[];
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
  const held = loads[0] === "trickle";
  await using stack = new AsyncDisposableStack();
  const able = variants.filter((variant) => loads.some((load) => impossible(load, variant) === undefined));
  context.progress(`${loads.join(", ")}: starting ${able.map(({ name }) => name).join(", ")}`);
  const runs = new Map(
    await Promise.all(able.map(async (variant) => {
      const run = stack.use(await LoadRun.open(context, variant, held ? plan.window : variant.noWindow));
      return [variant, run] as const;
    })),
  );
  for (const [{ name }, run] of runs) {
    context.progress(`${loads.join(", ")}: warming up ${name}`);
    // Under a window: enough to fill it.
    await run.warmUp(held ? { kind: "at once", calls: plan.window.size } : plan.warmUp);
  }
  for (const load of loads) yield* runLoad(context, plan, load, variants, runs);
}

async function* runLoad(
  context: CompareContext,
  plan: LoadPlan,
  load: LoadName,
  variants: readonly Variant[],
  runs: ReadonlyMap<Variant, LoadRun>,
): AsyncGenerator<LoadRow | ImpossibleLoad> {
  const { shape, rounds } = plan.loads[load];
  const able = variants.filter((variant) => impossible(load, variant) === undefined);
  const tallies = new Map(able.map((variant) => [variant, new LoadTally()]));
  for (const { round, item: variant } of interleave(able, rounds)) {
    context.signal.throwIfAborted();
    context.progress(`${load}, round ${round + 1} of ${rounds}: ${variant.name}`);
    const writers = load === "clients" ? "clients" : "workflows";
    tallies.get(variant)!.add(await runs.get(variant)!.measure(shape, writers, plan.historiesMax));
  }
  for (const variant of variants) {
    const reason = impossible(load, variant);
    if (reason === undefined) yield tallies.get(variant)!.loadRow(load, variant.name);
    else yield { scenario: load, variant: variant.name, impossible: reason };
  }
}

/** Why there is no such load for a variant; `undefined` where there is. */
function impossible(load: LoadName, { clientWriter, noWindowLoad }: Variant): string | undefined {
  if (load === "clients") return typeof clientWriter === "string" ? clientWriter : undefined;
  return load === "trickle" ? noWindowLoad : undefined;
}

/** Rows that {@linkcode runScaling} has in the end. */
export function scalingRows({ plan: { scaling }, variants }: Omit<LoadsOptions, "loads">): number {
  return variants.filter(({ scales }) => scales).length * scaling.processes.length;
}

/**
 * Puts the same load on each number of worker processes that run callers. Where a batcher writes, it has a process of its
 * own beside them, as a service would.
 */
export async function* runScaling(
  context: CompareContext,
  { plan: { scaling }, variants }: Omit<LoadsOptions, "loads">,
): AsyncGenerator<ScalingRow> {
  const settings = scaling.processes.flatMap((processes) =>
    variants.filter(({ scales }) => scales).map((variant) => ({ variant, processes, tally: new LoadTally() }))
  );
  for (const { round, item: { variant, processes, tally } } of interleave(settings, scaling.rounds)) {
    context.signal.throwIfAborted();
    context.progress(
      `scaling, round ${round + 1} of ${scaling.rounds}: ${variant.name} on ${processes} worker processes`,
    );
    await using run = await LoadRun.open(context, variant, variant.noWindow, processes);
    await run.warmUp(scaling.warmUp);
    tally.add(await run.measure(scaling.shape, "workflows", 0));
  }
  for (const { variant, processes, tally } of settings) yield tally.scalingRow(variant.name, processes);
}
