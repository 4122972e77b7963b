/**
 * The rows of a report, by name, and their sums.
 *
 * @module
 */
import {
  type CompareReport,
  type FaultName,
  type FaultRow,
  FAULTS,
  type ImpossibleFault,
  type ImpossibleLoad,
  type LoadName,
  type LoadRow,
  LOADS,
  type ScalingRow,
  type VariantName,
  VARIANTS,
} from "../report_data.ts";

/** The three ways in which callers and database can disagree. */
export const WRONGS = ["phantom", "lost", "double"] as const;

/** A way in which callers and database can disagree. */
export type Wrong = typeof WRONGS[number];

/** The row of a variant under a load, if it was run. */
export function loadOf(
  { loads }: CompareReport,
  scenario: LoadName,
  variant: VariantName,
): LoadRow | ImpossibleLoad | undefined {
  return loads.find((row) => row.scenario === scenario && row.variant === variant);
}

/** The figures of a variant under a load, if it was run and is possible. */
export function measuredLoad(report: CompareReport, scenario: LoadName, variant: VariantName): LoadRow | undefined {
  const row = loadOf(report, scenario, variant);
  return row === undefined || "impossible" in row ? undefined : row;
}

/** The row of a variant under a fault, if it was run. */
export function faultOf(
  { faults }: CompareReport,
  fault: FaultName,
  variant: VariantName,
): FaultRow | ImpossibleFault | undefined {
  return faults.find((row) => row.fault === fault && row.variant === variant);
}

/** The variants of which a report has any row, in the order in which they are shown. */
export function variantsIn({ loads, faults, scaling }: CompareReport): VariantName[] {
  return VARIANTS.filter((name) => [...loads, ...faults, ...scaling].some(({ variant }) => variant === name));
}

/** The loads of which a report has any row, in the order in which they are shown. */
export function loadsIn({ loads }: CompareReport): LoadName[] {
  return LOADS.filter((name) => loads.some(({ scenario }) => scenario === name));
}

/** The faults of which a report has any row, in the order in which they are shown. */
export function faultsIn({ faults }: CompareReport): FaultName[] {
  return FAULTS.filter((name) => faults.some(({ fault }) => fault === name));
}

/** The numbers of worker processes that were measured, smallest first. */
export function processCounts({ scaling }: CompareReport): number[] {
  return [...new Set(scaling.map(({ processes }) => processes))].sort((a, b) => a - b);
}

/** The row of a variant with so many worker processes, if it was measured. */
export function scalingOf(
  { scaling }: CompareReport,
  variant: ScalingRow["variant"],
  processes: number,
): ScalingRow | undefined {
  return scaling.find((row) => row.variant === variant && row.processes === processes);
}

/** Everything that went wrong for a variant, over all faults. */
export interface WrongTotal {
  readonly phantom: number;
  readonly lost: number;
  readonly double: number;
  /** Faults that were run on it. */
  readonly faults: number;
  /** Of those: faults in which anything was wrong. */
  readonly faultsWrong: number;
  readonly writes: number;
  readonly callers_failed: number;
  readonly told_unknown: number;
}

/** Phantom, lost and double writes of a row together. */
export function wrongsOf({ phantom, lost, double }: Pick<FaultRow, Wrong>): number {
  return phantom + lost + double;
}

/** Adds up the faults of a variant. */
export function wrongTotal({ faults }: CompareReport, name: VariantName): WrongTotal {
  const rows = faults.filter((row): row is FaultRow => row.variant === name && !("impossible" in row));
  const sum = (field: Wrong | "writes" | "callers_failed" | "told_unknown") =>
    rows.reduce((total, row) => total + row[field], 0);
  return {
    phantom: sum("phantom"),
    lost: sum("lost"),
    double: sum("double"),
    faults: rows.length,
    faultsWrong: rows.filter((row) => wrongsOf(row) > 0).length,
    writes: sum("writes"),
    callers_failed: sum("callers_failed"),
    told_unknown: sum("told_unknown"),
  };
}
