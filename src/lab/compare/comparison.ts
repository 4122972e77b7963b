/**
 * The whole comparison: loads, scaling and faults.
 *
 * @module
 */
import type { CompareContext } from "./compare_context.ts";
import { runFaults } from "./faults/mod.ts";
import type { LoadPlan } from "./load_plan.ts";
import { runLoads } from "./loads.ts";
import {
  type CompareReport,
  type FaultRow,
  FAULTS,
  type ImpossibleFault,
  type ImpossibleLoad,
  type LoadRow,
  LOADS,
  type ScalingRow,
  type VariantName,
} from "./report_data.ts";
import { runScaling, scaledOf } from "./scaling.ts";

/** A row, and the part of the report that it belongs to. */
export type ComparedRow =
  | { readonly part: "loads"; readonly row: LoadRow | ImpossibleLoad }
  | { readonly part: "faults"; readonly row: FaultRow | ImpossibleFault }
  | { readonly part: "scaling"; readonly row: ScalingRow };

/** What is compared, and how much of it. */
export interface ComparisonOptions {
  readonly plan: LoadPlan;
  readonly variants: readonly VariantName[];
}

/** Rows that a comparison has in the end. */
export function rowsIn({ plan, variants }: ComparisonOptions): number {
  const perVariant = LOADS.length + FAULTS.length;
  return variants.length * perVariant + scaledOf(variants).length * plan.scaling.processes.length;
}

/**
 * Compares, and hands out each row as soon as it is there.
 *
 * What is measured has the machine for itself; faults, which mostly wait, come after it, many at a time.
 */
export async function* compare(context: CompareContext, options: ComparisonOptions): AsyncGenerator<ComparedRow> {
  for (const loads of [["idle", "sparse", "steady", "burst", "clients"], ["trickle"]] as const) {
    for await (const row of runLoads(context, { ...options, loads })) yield { part: "loads", row };
  }
  for await (const row of runScaling(context, options)) yield { part: "scaling", row };
  for await (const row of runFaults(context, options.variants)) yield { part: "faults", row };
}

/** The rows of a report, in the order in which they are shown. */
export function sortRows(rows: readonly ComparedRow[], variants: readonly VariantName[]) {
  const byVariant = (a: { variant: VariantName }, b: { variant: VariantName }) =>
    variants.indexOf(a.variant) - variants.indexOf(b.variant);
  const loads = rows.flatMap(({ part, row }) => part === "loads" ? [row] : []);
  const faults = rows.flatMap(({ part, row }) => part === "faults" ? [row] : []);
  const scaling = rows.flatMap(({ part, row }) => part === "scaling" ? [row] : []);
  return {
    loads: loads.sort((a, b) => LOADS.indexOf(a.scenario) - LOADS.indexOf(b.scenario) || byVariant(a, b)),
    faults: faults.sort((a, b) => FAULTS.indexOf(a.fault) - FAULTS.indexOf(b.fault) || byVariant(a, b)),
    scaling: scaling.sort((a, b) => byVariant(a, b) || a.processes - b.processes),
  } satisfies Pick<CompareReport, "loads" | "faults" | "scaling">;
}
