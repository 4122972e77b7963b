/**
 * The whole comparison: loads, scaling and faults.
 *
 * @module
 */
import type { CompareContext } from "./context.ts";
import { runFaults } from "./faults/mod.ts";
import { type LoadsOptions, runLoads, runScaling, scalingRows } from "./loads.ts";
import { type FaultRow, FAULTS, type ImpossibleLoad, type LoadRow, LOADS, type ScalingRow } from "./report_data.ts";

/** A row, and the part of the report that it belongs to. */
export type ComparedRow =
  | { readonly part: "loads"; readonly row: LoadRow | ImpossibleLoad }
  | { readonly part: "faults"; readonly row: FaultRow }
  | { readonly part: "scaling"; readonly row: ScalingRow };

/** What is compared, and how much of it. */
export type ComparisonOptions = Omit<LoadsOptions, "loads">;

const LOAD_NAMES = Object.keys(LOADS);
const FAULT_NAMES = Object.keys(FAULTS);

/** Rows that a comparison has in the end. */
export function rowsIn(options: ComparisonOptions): number {
  return options.variants.length * (LOAD_NAMES.length + FAULT_NAMES.length) + scalingRows(options);
}

/**
 * Compares, and tells each row as soon as it is there.
 *
 * What is measured has the machine for itself; faults, which mostly wait, come after it, many at a time.
 */
export async function compare(
  context: CompareContext,
  options: ComparisonOptions,
  tell: (compared: ComparedRow) => void,
): Promise<void> {
  for (const loads of [["idle", "sparse", "steady", "burst", "clients"], ["trickle"]] as const) {
    for await (const row of runLoads(context, { ...options, loads })) tell({ part: "loads", row });
  }
  for await (const row of runScaling(context, options)) tell({ part: "scaling", row });
  await runFaults(context, options.variants, (row) => {
    context.progress(`${row.fault}: ${row.variant}`);
    tell({ part: "faults", row });
  });
}

/** The rows of a report, in the order in which they are shown. */
export function sortRows(rows: readonly ComparedRow[], { variants }: ComparisonOptions) {
  const names = variants.map(({ name }) => name);
  const inOrder = <R extends { variant: string }>(rows: readonly R[], place: (row: R) => number): R[] =>
    rows.toSorted((a, b) => place(a) - place(b) || names.indexOf(a.variant) - names.indexOf(b.variant));
  return {
    loads: inOrder(
      rows.flatMap(({ part, row }) => part === "loads" ? [row] : []),
      ({ scenario }) => LOAD_NAMES.indexOf(scenario),
    ),
    faults: inOrder(
      rows.flatMap(({ part, row }) => part === "faults" ? [row] : []),
      ({ fault }) => FAULT_NAMES.indexOf(fault),
    ),
    scaling: inOrder(
      rows.flatMap(({ part, row }) => part === "scaling" ? [row] : []),
      ({ processes }) => processes,
    ),
  };
}
