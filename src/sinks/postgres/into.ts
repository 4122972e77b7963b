/**
 * Fills a table of PostgreSQL from the fields of writes.
 *
 * @module
 */

import type { Apply } from "../apply.ts";
import { checkColumns, checkFields, type IntoRow, type IntoTable, noSuchTable, refuse, rowOf } from "../into_table.ts";
import { checkName, type PostgresTables, quoteName } from "./names.ts";
import type { PostgresSession } from "./session.ts";
import type { PostgresTransaction } from "./transaction.ts";

/**
 * A row for each column that an INSERT may name, or one with nulls; none where there is no such table. Types are without
 * their lengths: INSERT itself applies those.
 */
const COLUMNS = `SELECT attname AS name, format_type(atttypid, -1) AS type,
    relkind IN ('r', 'p') AND has_table_privilege(pg_class.oid, 'INSERT') AS lockable,
    quote_ident(nspname) || '.' || quote_ident(relname) AS table,
    pg_relation_is_updatable(pg_class.oid, true) & 8 = 8 AS fillable,
    coalesce(pg_class.oid = ANY (ARRAY[to_regclass($2), to_regclass($3), to_regclass($4)]::oid[]), false) AS own
  FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    LEFT JOIN pg_catalog.pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
      AND attgenerated = '' AND attidentity <> 'a'
  WHERE pg_class.oid = to_regclass($1)
  ORDER BY attnum`;

/** A table as it is in the database. */
interface Found {
  /** Its name with that of its schema, quoted. */
  readonly table: string;
  /** The type of each column. */
  readonly types: ReadonlyMap<string, string>;
  /** Whether this role can lock it: views and foreign tables are left alone, and rights to columns are not enough. */
  readonly lockable: boolean;
}

/**
 * Makes the effect that fills a table.
 *
 * @throws {SinkError} If the table or one of its columns is missing.
 */
export async function fillPostgres(
  session: PostgresSession,
  into: IntoTable,
  tables: PostgresTables,
  description: string,
): Promise<Apply<PostgresTransaction>> {
  const parts = /^([^.]+)\.([^.]+)$/.exec(into.table)?.slice(1) ?? [into.table];
  for (const part of parts) checkName("into.table", part);
  const name = parts.map(quoteName).join(".");
  const read = async (from: Pick<PostgresSession, "all">): Promise<Found> => {
    const rows = await from.all(COLUMNS, name, tables.ledger, tables.deadLetters, tables.version);
    if (rows.length === 0) throw noSuchTable(into, description);
    if (rows[0].own) throw refuse(into, "it is one of the ledger's own");
    if (!rows[0].fillable) throw refuse(into, "no row can be inserted into it");
    const columns = rows.filter((row) => row.name !== null);
    checkColumns(into, columns.map((row) => row.name as string));
    const types = new Map(columns.map((row) => [row.name as string, row.type as string]));
    return { table: rows[0].table as string, types, lockable: rows[0].lockable as boolean };
  };
  let found = await read(session);
  return async (tx, writes) => {
    const rows = writes.map((write) => rowOf(write, into));
    // The table may have been altered. A type of before could change a value, or reject it.
    const locking = found.lockable ? tx.run(`LOCK TABLE ${found.table} IN ROW EXCLUSIVE MODE`) : undefined;
    const [now] = await Promise.all([read(tx), locking]);
    // That a column was dropped is no fault of a row: the statement fails.
    found = { ...now, types: new Map([...found.types, ...now.types]) };
    checkFields(rows, found.types, into);
    // None waits for the answer to another one.
    await Promise.all([...bySet(rows)].map(([columns, alike]) => tx.run(insertInto(found, columns), alike)));
  };
}

/** Groups rows by their columns, and makes JSON of each group. */
function bySet(rows: readonly IntoRow[]): Map<readonly string[], string> {
  const groups = Map.groupBy(rows, (row) => JSON.stringify(row.map(([column]) => column)));
  return new Map(
    [...groups].map(([columns, alike]) => [JSON.parse(columns), JSON.stringify(alike.map(Object.fromEntries))]),
  );
}

/** The input function of each column's type reads the value, as it does that of a literal. */
function insertInto({ table, types }: Found, columns: readonly string[]): string {
  const names = columns.map(quoteName).join(", ");
  const typed = columns.map((column) => `${quoteName(column)} ${types.get(column)}`).join(", ");
  return `INSERT INTO ${table} (${names}) SELECT ${names} FROM json_to_recordset($1::text::json) AS new (${typed})`;
}
