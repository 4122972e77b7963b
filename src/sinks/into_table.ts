/**
 * An effect that needs no program: the fields of a write go into the columns of a table.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { kindOf } from "../protocol/check.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { NewWrite } from "./apply.ts";
import { RowFault } from "./isolate.ts";
import { resolveApplyName } from "./ledger_identity.ts";
import { SinkError } from "./sink.ts";

/** Stands for the request id where a column could have a field of the row. */
export const REQUEST_ID_FIELD = "$requestId";

/** Stands for the partition key; a write without one leaves the column to its default. */
export const PARTITION_KEY_FIELD = "$partitionKey";

/**
 * A table of the user's, and which of its columns get what.
 *
 * Each new write becomes one row. The database casts its values; objects and arrays are stored as JSON text where the
 * column is not of a type for them. A column whose field is missing gets its default. A write that cannot become a row
 * is rejected alone.
 */
export interface IntoTable {
  /** Name of the table, taken as it is, upper and lower case too. On PostgreSQL also `schema.table`. */
  readonly table: string;
  /**
   * The field for each column; other fields are left out. `$requestId` and `$partitionKey` are those of the write.
   *
   * @default Each field goes into the column of its name, and a write with a field that has none is rejected.
   */
  readonly columns?: Readonly<Record<string, string>>;
}

/** What a sink does beside its ledger row: at most one of the two. */
export interface EffectOptions {
  readonly apply?: unknown;
  readonly applyName?: string;
  readonly into?: IntoTable;
}

/** One row, as columns and their values. */
export type IntoRow = readonly (readonly [column: string, value: unknown])[];

const HASH_CHARS = 22;

/**
 * Checks the effect of a sink.
 *
 * @returns Its name, `null` for a sink without one. That of a table is made of the table and the columns.
 * @throws {SinkError} If a sink cannot have it.
 */
export function effectName({ apply, applyName, into }: EffectOptions): string | null {
  if (into === undefined) return resolveApplyName(apply, applyName);
  if (apply !== undefined || applyName !== undefined) {
    throw new SinkError("setup", "no", "Cannot open the sink as 'into' and 'apply' exclude each other");
  }
  if (typeof into.table !== "string" || into.table === "") throw refuse(into, "'table' must be its name");
  if (into.columns !== undefined && Object.keys(into.columns).length === 0) {
    throw refuse(into, "'columns' must have one, or be left out");
  }
  // Checked like any other: it may be too long, or hold control characters.
  return resolveApplyName(true, nameOf(into));
}

function nameOf({ table, columns }: IntoTable): string {
  const pairs = Object.entries(columns ?? {}).map(([column, field]) =>
    column === field ? column : `${column}=${field}`
  );
  const name = `into:${table}${columns === undefined ? "" : `(${pairs.join(",")})`}`;
  if (name.length <= LIMITS.applyNameCharsMax) return name;
  const hash = createHash("sha256").update(name).digest("base64url").slice(0, HASH_CHARS);
  return `${name.slice(0, LIMITS.applyNameCharsMax - HASH_CHARS - 1).toWellFormed()}#${hash}`;
}

/** Makes the error for a table that cannot be filled. */
export function refuse({ table }: IntoTable, reason: string): SinkError {
  return new SinkError("setup", "no", `Cannot fill the table ${JSON.stringify(table)} as ${reason}`);
}

/** Makes the error for a table that is missing. */
export function noSuchTable(into: IntoTable, description: string): SinkError {
  return refuse(
    into,
    `${description} has none of that name: create it, or correct the name, which is taken as it is, ` +
      "upper and lower case too",
  );
}

/** @throws {SinkError} If the table lacks one of the columns that are to be filled. */
export function checkColumns(into: IntoTable, there: readonly string[]): void {
  const missing = Object.keys(into.columns ?? {}).find((column) => !there.includes(column));
  if (missing === undefined) return;
  throw refuse(into, `it has no column ${JSON.stringify(missing)} that can be filled: there are ${there.join(", ")}`);
}

/**
 * Turns a write into a row.
 *
 * @throws {RowFault} If its data is not an object, or has no field for any column.
 */
export function rowOf({ requestId, partitionKey, data }: NewWrite, { table, columns }: IntoTable): IntoRow {
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw new RowFault("NOT_AN_OBJECT", `the row must be an object with fields for columns: it is ${kindOf(data)}`);
  }
  const given = new Map<string, unknown>(Object.entries(data));
  if (columns === undefined) return filled([...given], table);
  given.set(REQUEST_ID_FIELD, requestId);
  given.delete(PARTITION_KEY_FIELD);
  if (partitionKey !== null) given.set(PARTITION_KEY_FIELD, partitionKey);
  const pairs = Object.entries(columns).filter(([, field]) => given.has(field));
  return filled(pairs.map(([column, field]) => [column, given.get(field)]), table);
}

/** A row of defaults alone is hardly what was meant. */
function filled(row: IntoRow, table: string): IntoRow {
  if (row.length > 0) return row;
  throw new RowFault("NO_FIELD", `the row has no field for a column of ${JSON.stringify(table)}`);
}

/** Whether the table has, or had, all columns of the rows. */
export function isKnown(rows: readonly IntoRow[], there: ReadonlyMap<string, unknown>): boolean {
  return rows.every((row) => row.every(([column]) => there.has(column)));
}

/** @throws {RowFault} If a row has a field without a column. */
export function checkFields(rows: readonly IntoRow[], there: ReadonlyMap<string, unknown>, { table }: IntoTable): void {
  for (const row of rows) {
    for (const [field] of row) {
      if (there.has(field)) continue;
      throw new RowFault(
        "UNKNOWN_FIELD",
        `the field ${JSON.stringify(field)} has no column in ${JSON.stringify(table)} that can be filled: ` +
          `there are ${[...there.keys()].join(", ")}`,
      );
    }
  }
}
