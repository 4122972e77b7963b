/**
 * The database of a comparison: what every variant's table refuses, and what is in it in the end.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { PlainTable, type PlainTableName } from "../plain_table.ts";
import { migrateSqliteSink } from "../../sinks/sqlite/sink.ts";
import type { VariantName } from "./report_data.ts";

/** The table of each variant. */
export const TABLES = {
  update: "batched_writes",
  signal: "signal_writes",
  activity: "activity_writes",
  direct: "direct_writes",
} as const satisfies Record<VariantName, PlainTableName | "batched_writes">;

/** How long a statement of this module waits for a lock. */
const LOCK_WAIT_MS = 10_000;

/**
 * Creates the tables of every variant, each with the same rule of the business: an `amount` must not be negative. It is
 * what a bad row breaks. A trigger and no CHECK, as the ledger's table is not made here. Harmless to repeat.
 */
export async function prepareDatabase(path: string): Promise<void> {
  await migrateSqliteSink({ path });
  for (const table of Object.values(TABLES)) {
    if (table !== "batched_writes") await (await PlainTable.open({ path, table })).close();
  }
  using database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
  for (const table of Object.values(TABLES)) {
    database.exec(
      `CREATE TRIGGER IF NOT EXISTS ${table}_amount BEFORE INSERT ON ${table} WHEN NEW.data ->> '$.amount' < 0
       BEGIN SELECT RAISE(ABORT, 'an amount must not be negative'); END`,
    );
  }
}

/** Counts the rows of a variant's table by the field `key` of their data: what was stored, however often. */
export function rowsByKey(path: string, variant: VariantName): Map<string, number> {
  using database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS, readOnly: true });
  const rows = database.prepare(`SELECT data ->> '$.key' AS key, count(*) AS rows FROM ${TABLES[variant]} GROUP BY 1`);
  return new Map(rows.all().map(({ key, rows }) => [String(key), Number(rows)]));
}
