/**
 * Tables and paragraphs for a terminal.
 *
 * @module
 */

/** Columns of a terminal that are used at most. */
export const TEXT_COLUMNS_MAX = 100;

const NAME_COLUMNS = 11;
const GAP = "  ";

const CODES = { bold: "1", red: "1;31", green: "32", plain: "" } as const;

/** Paints text with a colour, if there are to be colours. */
export function paint(text: string, colour: keyof typeof CODES, colours: boolean): string {
  return colours && colour !== "plain" ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}

/** What text is on a terminal without its paint. */
function unpainted(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\x1b\[[\d;]*m/g, "");
}

/** Makes text of others harmless: no character of it is a command to the terminal, or turns the order of others round. */
function harmless(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "\ufffd");
}

/** Breaks text of any origin into lines that fit, each after an indent. A word that is too long is cut. */
export function wrapped(text: string, indent = ""): string[] {
  const room = TEXT_COLUMNS_MAX - indent.length;
  const lines: string[] = [];
  let line = "";
  for (const word of harmless(text).split(" ").flatMap((word) => cut(word, room))) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((line) => indent + line);
}

function cut(word: string, room: number): string[] {
  return word.length <= room ? [word] : word.match(new RegExp(`.{1,${room}}`, "gu"))!;
}

/** A line of a table: its figures and perhaps a sentence below them, or words instead of figures. */
export type TextRow =
  | { readonly name: string; readonly cells: readonly string[]; readonly note?: string }
  | { readonly name: string; readonly words: string };

/** Lines under a heading. */
export interface TextGroup {
  readonly heading: string;
  readonly rows: readonly TextRow[];
}

/** Lays out a table. Each column is as wide as its widest figure. */
export function textTable(columns: readonly string[], groups: readonly TextGroup[], colours: boolean): string[] {
  const widths = columns.map((column, index) =>
    Math.max(
      column.length,
      ...groups.flatMap(({ rows }) => rows.map((row) => "cells" in row ? unpainted(row.cells[index]).length : 0)),
    )
  );
  const line = (name: string, cells: readonly string[]) =>
    name.padEnd(NAME_COLUMNS) +
    cells.map((cell, index) => " ".repeat(widths[index] - unpainted(cell).length) + cell).join(GAP);
  return [
    line("", columns),
    ...groups.flatMap(({ heading, rows }) => [
      paint(heading, "bold", colours),
      ...rows.flatMap((row) =>
        "words" in row ? reason(row) : [
          line(`  ${row.name}`, row.cells),
          ...row.note === undefined ? [] : wrapped(row.note, " ".repeat(NAME_COLUMNS)),
        ]
      ),
    ]),
  ];
}

/** The name of a row, and words beside it. */
function reason({ name, words }: { readonly name: string; readonly words: string }): string[] {
  const [first, ...rest] = wrapped(words, " ".repeat(NAME_COLUMNS));
  return [`  ${name}`.padEnd(NAME_COLUMNS) + first.slice(NAME_COLUMNS), ...rest];
}
