/**
 * The tables of a report, as the terminal and the page show them.
 *
 * @module
 */
import {
  type CompareReport,
  type FaultCounts,
  type FaultRow,
  FAULTS,
  type LoadRow,
  LOADS,
  type ScalingRow,
  type Wrong,
  WRONGS,
} from "../report_data.ts";
import { formatNumber } from "./figures.ts";

/** A line: the name of a variant with its figures, and words below them or in their place. */
export interface TableRow {
  readonly name: string;
  readonly cells?: readonly { readonly text: string; readonly alarm: boolean }[];
  readonly words?: string;
}

/** A table; its rows stand in groups. */
export interface Table {
  readonly id: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly groups: readonly { readonly heading: string; readonly rows: readonly TableRow[] }[];
}

/** A column: its head, and a field of the row. */
type Columns<R> = readonly (readonly [head: string, field: keyof R])[];

const WAITS: Columns<LoadRow> = [
  ["p50 ms", "p50_ms"],
  ["p95 ms", "p95_ms"],
  ["p99 ms", "p99_ms"],
  ["max ms", "max_ms"],
  ["call p50", "call_ms_p50"],
  ["call p99", "call_ms_p99"],
  ["writes/s", "writes_per_s"],
  ["writes", "writes"],
  ["failed", "failed"],
];

const COSTS: Columns<LoadRow> = [
  ["actions", "actions_per_write"],
  ["events", "events_per_write"],
  ["bytes", "history_bytes_per_write"],
  ["rows/statement", "rows_per_statement"],
  ["statements/s", "statements_per_s"],
  ["CPU s/1,000", "worker_cpu_s_per_1000_writes"],
];

const SCALING: Columns<ScalingRow> = [
  ["writes/s", "writes_per_s"],
  ["p50 ms", "p50_ms"],
  ["statements/s", "statements_per_s"],
  ["rows/statement", "rows_per_statement"],
  ["connections", "connections"],
];

const WRONG_NAMES = Object.keys(WRONGS) as Wrong[];

const TOLD: Columns<FaultCounts> = [
  ["writes", "writes"],
  ...WRONG_NAMES.map((kind) => [kind, kind] as const),
  ["failed", "callers_failed"],
  ["told unknown", "told_unknown"],
];

/** A row under its heading. */
type Headed<R> = readonly [heading: string, row: R & { readonly variant: string }];

/** The tables that have anything to show. */
export function tablesOf(report: CompareReport): Table[] {
  const loads = report.loads.map((row) => [`${row.scenario}: ${LOADS[row.scenario]}`, row] as const);
  const measured = loads.flatMap(([heading, row]) => "impossible" in row ? [] : [[heading, row] as const]);
  const faults = report.faults.map((row) => [FAULTS[row.fault], row] as const);
  const scaling = report.scaling.map((row) =>
    [`${row.processes} worker process${row.processes === 1 ? "" : "es"}`, row] as const
  );
  return [
    tableOf("waits", "How long a caller waits, and its whole call from outside", WAITS, loads),
    tableOf("faults", "What can go wrong: what callers were told against what the database holds", TOLD, [
      ...sums(report),
      ...faults,
    ]),
    tableOf("costs", "What a write costs: billable actions, history, statements, worker CPU", COSTS, measured),
    tableOf("scaling", "More worker processes", SCALING, scaling),
  ].filter(({ groups }) => groups.length > 0);
}

/** All faults of each variant together. */
function sums({ faults, variants }: CompareReport): Headed<Omit<FaultRow, "fault" | "note">>[] {
  return variants.flatMap(({ name }) => {
    const rows = faults.filter(({ variant }) => variant === name);
    if (rows.length === 0) return [];
    const sum = (field: keyof FaultCounts) => rows.reduce((total, row) => total + row[field], 0);
    const [writes, phantom, lost, double] = (["writes", "phantom", "lost", "double"] as const).map(sum);
    const told = { callers_failed: sum("callers_failed"), told_unknown: sum("told_unknown") };
    return [["All faults", { variant: name, writes, phantom, lost, double, ...told }]];
  });
}

function tableOf<R extends object>(
  id: string,
  title: string,
  columns: Columns<R>,
  rows: readonly Headed<R | { readonly impossible: string }>[],
): Table {
  const rowOf = (row: Headed<R | { readonly impossible: string }>[1]): TableRow => {
    if ("impossible" in row) return { name: row.variant, words: `impossible: ${row.impossible}` };
    const cells = columns.map(([, field]) => {
      const value = Number(row[field] ?? NaN);
      return { text: formatNumber(value), alarm: WRONG_NAMES.includes(field as Wrong) && value > 0 };
    });
    return { name: row.variant, cells, ..."note" in row && { words: String(row.note) } };
  };
  const groups = [...Map.groupBy(rows, ([heading]) => heading)];
  return {
    id,
    title,
    columns: columns.map(([head]) => head),
    groups: groups.map(([heading, rows]) => ({ heading, rows: rows.map(([, row]) => rowOf(row)) })),
  };
}
