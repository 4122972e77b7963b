/**
 * A comparison as tables in a terminal.
 *
 * @module
 */
import { formatDuration, formatNumber } from "./report/figures.ts";
import type { Finding } from "./report/finding.ts";
import { findings } from "./report/findings.ts";
import { paint, type TextGroup, type TextRow, textTable, wrapped } from "./report/text_table.ts";
import type { CompareReport, FaultRow, LoadRow, ScalingRow, VariantName } from "./report_data.ts";
import {
  faultOf,
  faultsIn,
  loadOf,
  loadsIn,
  processCounts,
  scalingOf,
  variantsIn,
  WRONGS,
  wrongsOf,
} from "./report/rows.ts";
import { FAULT_WORDS, LOAD_WORDS, WRONG_WORDS } from "./report/words.ts";

/** How a report is written. */
export interface TextOptions {
  /**
   * Whether the terminal is to show colours. They say nothing that is not said in words.
   *
   * @default false
   */
  readonly colour?: boolean;
}

type Column<R> = readonly [name: string, cell: (row: R) => number];

const WAIT_COLUMNS: readonly Column<LoadRow>[] = [
  ["p50 ms", ({ p50_ms }) => p50_ms],
  ["p95 ms", ({ p95_ms }) => p95_ms],
  ["p99 ms", ({ p99_ms }) => p99_ms],
  ["max ms", ({ max_ms }) => max_ms],
  ["call p50", ({ call_ms_p50 }) => call_ms_p50],
  ["call p99", ({ call_ms_p99 }) => call_ms_p99],
  ["writes/s", ({ writes_per_s }) => writes_per_s],
  ["writes", ({ writes }) => writes],
  ["failed", ({ failed }) => failed],
];

const COST_COLUMNS: readonly Column<LoadRow>[] = [
  ["statements/s", ({ statements_per_s }) => statements_per_s],
  ["rows/statement", ({ rows_per_statement }) => rows_per_statement],
  ["actions", ({ actions_per_write }) => actions_per_write],
  ["events", ({ events_per_write }) => events_per_write],
  ["bytes", ({ history_bytes_per_write }) => history_bytes_per_write],
  ["CPU s/1,000", ({ worker_cpu_s_per_1000_writes }) => worker_cpu_s_per_1000_writes],
];

const SCALING_COLUMNS: readonly Column<ScalingRow>[] = [
  ["writes/s", ({ writes_per_s }) => writes_per_s],
  ["p50 ms", ({ p50_ms }) => p50_ms],
  ["statements/s", ({ statements_per_s }) => statements_per_s],
  ["rows/statement", ({ rows_per_statement }) => rows_per_statement],
  ["connections", ({ connections }) => connections],
];

const FAULT_COLUMNS: readonly Column<FaultRow>[] = [
  ["writes", ({ writes }) => writes],
  ...WRONGS.map((kind): Column<FaultRow> => [kind, (row) => row[kind]]),
  ["failed", ({ callers_failed }) => callers_failed],
  ["told unknown", ({ told_unknown }) => told_unknown],
];

/** Writes a comparison as text of at most 100 columns. */
export function renderText(report: CompareReport, { colour = false }: TextOptions = {}): string {
  const { machine: { cpus, cpu, memoryGiB, os } } = report;
  const parts = [
    ...wrapped(
      `${report.command}, ${report.startedAt}, took ${formatDuration(report.durationS)}, on ${formatNumber(cpus)} × ` +
        `${cpu}, ${formatNumber(memoryGiB)} GiB, ${os}`,
    ),
    ...report.loads.length === 0 ? [] : [
      ...title("A caller's wait, and its whole call from outside", colour),
      ...textTable(namesOf(WAIT_COLUMNS), loadGroups(report, WAIT_COLUMNS, colour), colour),
      ...title("What a write costs: billable actions, history events and bytes, worker CPU", colour),
      ...textTable(namesOf(COST_COLUMNS), measuredOnly(loadGroups(report, COST_COLUMNS, colour)), colour),
    ],
    ...scalingLines(report, colour),
    ...faultLines(report, colour),
    // Last, where it is read first: above the prompt.
    ...title("What was found", colour),
    ...findings(report).flatMap((finding) => findingLines(finding, colour)),
  ];
  return parts.join("\n");
}

function title(words: string, colour: boolean): string[] {
  return ["", paint(words, "bold", colour)];
}

const TONES = { good: ["+ ", "green"], bad: ["! ", "red"], plain: ["- ", "plain"] } as const;

function findingLines({ text, detail, tone }: Finding, colour: boolean): string[] {
  const [mark, painted] = TONES[tone];
  const [first, ...rest] = wrapped(detail === undefined ? text : `${text} ${detail}`, "  ");
  return [paint(mark, painted, colour) + first.slice(mark.length), ...rest];
}

function namesOf(columns: readonly Column<never>[]): string[] {
  return columns.map(([name]) => name);
}

/** A group of lines for each load. */
function loadGroups(report: CompareReport, columns: readonly Column<LoadRow>[], colour: boolean): TextGroup[] {
  return loadsIn(report).map((scenario) => ({
    heading: `${scenario}: ${LOAD_WORDS[scenario]}`,
    rows: variantsIn(report).flatMap((variant) => {
      const row = loadOf(report, scenario, variant);
      return row === undefined ? [] : [lineOf(variant, row, columns, colour)];
    }),
  }));
}

/** Leaves out what is impossible, for a second table: the first one says why. */
function measuredOnly(groups: readonly TextGroup[]): TextGroup[] {
  return groups.map(({ heading, rows }) => ({ heading, rows: rows.filter((row) => "cells" in row) }))
    .filter(({ rows }) => rows.length > 0);
}

function lineOf<R extends object>(
  name: VariantName,
  row: R | { readonly impossible: string },
  columns: readonly Column<R>[],
  colour: boolean,
): TextRow {
  if ("impossible" in row) return { name, words: `impossible: ${row.impossible}` };
  return { name, cells: columns.map(([column, cell]) => cellOf(column, cell(row), colour)) };
}

/** Marks what must be zero and is not. */
function cellOf(column: string, value: number, colour: boolean): string {
  const wrong = value > 0 && (WRONGS as readonly string[]).includes(column);
  return wrong ? paint(`!${formatNumber(value)}`, "red", colour) : formatNumber(value);
}

function scalingLines(report: CompareReport, colour: boolean): string[] {
  if (report.scaling.length === 0) return [];
  const groups = processCounts(report).map((processes) => ({
    heading: `${processes} worker process${processes === 1 ? "" : "es"}`,
    rows: (["update", "activity", "direct"] as const).flatMap((variant) => {
      const row = scalingOf(report, variant, processes);
      return row === undefined ? [] : [lineOf(variant, row, SCALING_COLUMNS, colour)];
    }),
  }));
  return [
    ...title("More worker processes", colour),
    ...textTable(namesOf(SCALING_COLUMNS), groups, colour),
  ];
}

function faultLines(report: CompareReport, colour: boolean): string[] {
  if (report.faults.length === 0) return [];
  const groups = faultsIn(report).map((fault) => ({
    heading: FAULT_WORDS[fault],
    rows: variantsIn(report).flatMap((variant) => {
      const row = faultOf(report, fault, variant);
      if (row === undefined) return [];
      const line = lineOf(variant, row, FAULT_COLUMNS, colour);
      return "impossible" in row || wrongsOf(row) === 0 ? [line] : [{ ...line, note: row.note }];
    }),
  }));
  return [
    ...title("What can go wrong: what callers were told against what the database holds", colour),
    ...WRONGS.map((kind) => `  ${kind.padEnd(8)} ${WRONG_WORDS[kind]}`),
    ...textTable(namesOf(FAULT_COLUMNS), groups, colour),
  ];
}
