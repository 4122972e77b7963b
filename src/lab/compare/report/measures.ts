/**
 * What is compared under a load, and in what a rival does better than Updates.
 *
 * @module
 */
import { formatMs, formatNumber, isClearlyLess } from "./figures.ts";
import type { CompareReport, LoadName, LoadRow, VariantName } from "../report_data.ts";
import { loadsIn, measuredLoad, variantsIn } from "./rows.ts";

/** One figure of a load. */
export interface Measure {
  readonly field: Exclude<keyof LoadRow, "scenario" | "variant" | "curve_ms">;
  /** As a sentence calls it. */
  readonly name: string;
  /** As the head of a column calls it. */
  readonly short: string;
  readonly better: "less" | "more";
  readonly format: (value: number) => string;
}

/** Every measure by which variants are compared. */
export const MEASURES: readonly Measure[] = [
  { field: "p50_ms", name: "median wait", short: "p50", better: "less", format: formatMs },
  { field: "p99_ms", name: "p99 of the wait", short: "p99", better: "less", format: formatMs },
  { field: "call_ms_p50", name: "median of the whole call", short: "call, p50", better: "less", format: formatMs },
  { field: "call_ms_p99", name: "p99 of the whole call", short: "call, p99", better: "less", format: formatMs },
  { field: "writes_per_s", name: "writes/s", short: "writes/s", better: "more", format: formatNumber },
  {
    field: "rows_per_statement",
    name: "rows per statement",
    short: "rows per statement",
    better: "more",
    format: formatNumber,
  },
  {
    field: "events_per_write",
    name: "history events per write",
    short: "events per write",
    better: "less",
    format: formatNumber,
  },
  {
    field: "history_bytes_per_write",
    name: "history bytes per write",
    short: "history bytes per write",
    better: "less",
    format: formatNumber,
  },
  {
    field: "actions_per_write",
    name: "billable actions per write",
    short: "actions per write",
    better: "less",
    format: formatNumber,
  },
  {
    field: "worker_cpu_s_per_1000_writes",
    name: "worker CPU seconds per 1,000 writes",
    short: "CPU s per 1,000 writes",
    better: "less",
    format: formatNumber,
  },
];

/** A measure of one load, of `update` and of a rival. */
export interface Comparison {
  readonly scenario: LoadName;
  readonly measure: Measure;
  readonly rival: VariantName;
  readonly own: number;
  readonly other: number;
  /** Which of them does better, by more than "about the same". */
  readonly better: "own" | "other" | "neither";
}

/** Compares `update` with each rival in each measure of each load that both were measured under. */
export function comparisons(report: CompareReport): Comparison[] {
  const rivals = variantsIn(report).filter((name) => name !== "update");
  return rivals.flatMap((rival) =>
    loadsIn(report).flatMap((scenario) => {
      const own = measuredLoad(report, scenario, "update");
      const other = measuredLoad(report, scenario, rival);
      if (own === undefined || other === undefined) return [];
      return MEASURES.map((measure) => compare(scenario, measure, rival, own[measure.field], other[measure.field]))
        .filter(({ own, other }) => Number.isFinite(own) && Number.isFinite(other));
    })
  );
}

function compare(scenario: LoadName, measure: Measure, rival: VariantName, own: number, other: number): Comparison {
  const [worse, best] = measure.better === "less" ? [other, own] : [own, other];
  const better = isClearlyLess(best, worse) ? "own" : isClearlyLess(worse, best) ? "other" : "neither";
  return { scenario, measure, rival, own, other, better };
}
