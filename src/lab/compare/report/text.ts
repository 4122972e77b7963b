/**
 * A comparison as tables in a terminal.
 *
 * @module
 */
import { type CompareReport, WRONGS } from "../report_data.ts";
import { formatDuration, formatNumber } from "./figures.ts";
import { type Table, tablesOf } from "./tables.ts";

/** Columns of a terminal that are used at most. */
export const TEXT_COLUMNS_MAX = 100;

const NAME_COLUMNS = 11;
const INDENT = " ".repeat(NAME_COLUMNS);

/** Writes a comparison as text of at most 100 columns. */
export function renderText(report: CompareReport): string {
  const { command, startedAt, durationS, machine: { cpus, cpu, memoryGiB, os } } = report;
  return [
    ...wrapped(
      `${command}, ${startedAt}, took ${formatDuration(durationS)}, on ${formatNumber(cpus)} × ${cpu}, ` +
        `${formatNumber(memoryGiB)} GiB, ${os}`,
    ),
    ...report.variants.flatMap(({ name, what }) => wrapped(`${name.padEnd(NAME_COLUMNS)}${what}`, INDENT)),
    ...tablesOf(report).flatMap(textTable),
  ].join("\n");
}

/** Lays out a table. Each column is as wide as its widest figure. */
function textTable({ id, title, columns, groups }: Table): string[] {
  const shown = groups.map(({ heading, rows }) => ({
    heading,
    // What must be zero and is not is marked.
    rows: rows.map(({ name, cells, words }) => ({
      name,
      cells: cells?.map(({ text, alarm }) => alarm ? `!${text}` : text),
      words,
    })),
  }));
  const widths = columns.map((column, i) =>
    Math.max(column.length, ...shown.flatMap(({ rows }) => rows.map(({ cells }) => cells?.[i].length ?? 0)))
  );
  const line = (name: string, cells: readonly string[]) =>
    name.padEnd(NAME_COLUMNS) + cells.map((cell, i) => cell.padStart(widths[i])).join("  ");
  return [
    "",
    title,
    ...id === "faults" ? Object.entries(WRONGS).map(([kind, words]) => `  ${kind.padEnd(8)} ${words}`) : [],
    line("", columns),
    ...shown.flatMap(({ heading, rows }) => [
      heading,
      ...rows.flatMap(({ name, cells, words }) => [
        ...cells === undefined ? [] : [line(`  ${name}`, cells)],
        ...words === undefined ? [] : wrapped(cells === undefined ? `  ${name}: ${words}` : INDENT + words, INDENT),
      ]),
    ]),
  ];
}

/** Breaks text into lines that fit, each after the first one behind an indent. A word that is too long is cut. */
export function wrapped(text: string, indent = ""): string[] {
  const lines: string[] = [];
  let rest = text.replaceAll(/[\r\n]+/g, " ");
  while (rest.length > TEXT_COLUMNS_MAX) {
    const space = rest.lastIndexOf(" ", TEXT_COLUMNS_MAX);
    const at = space > indent.length ? space : TEXT_COLUMNS_MAX;
    lines.push(rest.slice(0, at));
    rest = indent + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}
