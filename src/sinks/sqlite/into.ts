/**
 * Fills a table of a SQLite file from the fields of writes.
 *
 * @module
 */

import type { Apply } from "../apply.ts";
import { checkColumns, checkFields, type IntoTable, isKnown, noSuchTable, refuse, rowOf } from "../into_table.ts";
import type { SqliteConnection } from "./connection.ts";
import { OWN_TABLES } from "./schema.ts";
import type { SqliteTransaction } from "./transaction.ts";
import type { SqliteValue } from "./value.ts";

/** Columns that no INSERT may name are hidden, and so are generated ones. */
const COLUMNS = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid";

/**
 * Makes the effect that fills a table.
 *
 * @throws {SinkError} If the table or one of its columns is missing.
 */
export function fillSqlite(
  connection: SqliteConnection,
  into: IntoTable,
  description: string,
): Apply<SqliteTransaction> {
  const read = (from: Pick<SqliteConnection, "all">) => {
    const names = from.all(COLUMNS, into.table).map(({ name }) => name as string);
    if (names.length === 0) throw noSuchTable(into, description);
    checkColumns(into, names);
    return new Map(names.map((name) => [name, undefined]));
  };
  if (OWN_TABLES.includes(into.table.toLowerCase())) throw refuse(into, "it is one of the ledger's own");
  let there = read(connection);
  return (tx, writes) => {
    const rows = writes.map((write) => rowOf(write, into));
    // A column may have been added meanwhile.
    if (!isKnown(rows, there)) there = read(tx);
    checkFields(rows, there, into);
    for (const row of rows) {
      const columns = row.map(([column]) => quoteName(column)).join(", ");
      const sql = `INSERT INTO ${quoteName(into.table)} (${columns}) VALUES (${row.map(() => "?").join(", ")})`;
      tx.run(sql, ...row.map(([, value]) => asValue(value)));
    }
  };
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function asValue(value: unknown): SqliteValue {
  switch (typeof value) {
    case "boolean":
      return value ? 1n : 0n;
    case "number":
      // A number is bound as one with a fraction: in a column for text 5 would be 5.0.
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    case "string":
      return value;
    default:
      return value === null ? null : JSON.stringify(value);
  }
}
