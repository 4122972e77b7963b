/**
 * The values that go into and come out of SQLite.
 *
 * @module
 */

import type { SQLInputValue } from "node:sqlite";
import { RowFault } from "../isolate.ts";
import { INVALID_TEXT } from "../storable_text.ts";

/** A value that a statement can take: `null`, a number, a bigint, a string or bytes. */
export type SqliteValue = SQLInputValue;

/** One row of a result, by column name. */
export type SqliteRow = Readonly<Record<string, unknown>>;

/**
 * Refuses a value that `node:sqlite` would accept and change: text with a lone surrogate becomes other text, and an
 * object is taken for named parameters, so that the row is stored with NULL.
 *
 * @throws {RowFault} If it is such a value.
 */
export function checkSqliteValue(value: SqliteValue): void {
  if (typeof value === "string") {
    if (value.isWellFormed()) return;
    throw new RowFault(INVALID_TEXT, "a value holds a lone surrogate, which SQLite cannot store unchanged");
  }
  if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
    throw new RowFault("TypeError", "an object or array cannot be a value of a statement: store it as JSON text");
  }
}
