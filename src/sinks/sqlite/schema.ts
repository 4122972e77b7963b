/**
 * The tables of a SQLite ledger and their version.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { SinkError } from "../sink.ts";
import type { SqliteConnection } from "./connection.ts";

/**
 * Version of the tables that this code reads and writes.
 *
 * It is kept in a table of its own and not in `PRAGMA user_version`: the file may also hold the user's tables, for
 * `apply`, and that one number is then theirs.
 */
export const SQLITE_SCHEMA_VERSION = 3;

const VERSION_TABLE = "batcher_schema";

/** One row: which ledger this is, and what its rows have been through. */
export const IDENTITY_TABLE = "batcher_ledger";

/** All tables of a ledger, and columns that each has in every version. */
const OWN_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  batched_writes: ["request_id", "digest", "data", "batch_id", "committed_at"],
  rejected_writes: ["request_id", "digest", "data", "error_type", "batch_id", "rejected_at"],
  [VERSION_TABLE]: ["version"],
  [IDENTITY_TABLE]: ["identity", "epoch"],
};

/** All tables of a ledger. */
export const OWN_TABLES: readonly string[] = Object.keys(OWN_COLUMNS);

/** The statements that lead to each version from the one before; the first entry leads to version 1. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE IF NOT EXISTS batched_writes (
      request_id TEXT NOT NULL PRIMARY KEY,
      digest TEXT NOT NULL,
      data TEXT NOT NULL,
      partition_key TEXT,
      batch_id TEXT NOT NULL,
      committed_at TEXT NOT NULL,
      result TEXT
    )`,
    `CREATE TABLE IF NOT EXISTS rejected_writes (
      request_id TEXT NOT NULL PRIMARY KEY,
      digest TEXT NOT NULL,
      data TEXT NOT NULL,
      error_type TEXT NOT NULL,
      error_message TEXT NOT NULL,
      batch_id TEXT NOT NULL,
      rejected_at TEXT NOT NULL
    )`,
  ],
  // Without its partition key a dead letter could not be written again as it was.
  ["ALTER TABLE rejected_writes ADD COLUMN partition_key TEXT"],
  [
    // Which delivery stored the row; none where its writer knew no marks.
    "ALTER TABLE batched_writes ADD COLUMN mark INTEGER",
    `CREATE TABLE ${IDENTITY_TABLE} (identity TEXT NOT NULL, epoch TEXT NOT NULL, apply_name TEXT)`,
  ],
];

/** The first version whose ledgers have an identity. */
const IDENTITY_VERSION = 3;

/**
 * Creates the tables, or brings them to {@linkcode SQLITE_SCHEMA_VERSION}, in one transaction.
 *
 * Takes no lock when there is nothing to do. Two processes may do it at the same time.
 *
 * @returns The version that was there before, 0 for none.
 * @throws {SinkError} If the tables are of a later version, or are the user's: this code would damage them.
 */
export async function migrateSqlite(connection: SqliteConnection, lockWaitMs: number): Promise<number> {
  if (readSqliteVersion(connection) === SQLITE_SCHEMA_VERSION) return SQLITE_SCHEMA_VERSION;
  await connection.begin(lockWaitMs);
  try {
    const version = readSqliteVersion(connection);
    if (version > SQLITE_SCHEMA_VERSION) throw new SinkError("setup", "no", tooNew(version));
    for (const table of OWN_TABLES) isThere(connection, table);
    for (const statements of MIGRATIONS.slice(version)) {
      for (const sql of statements) connection.run(sql);
    }
    if (version < IDENTITY_VERSION) insertIdentity(connection);
    connection.run(`CREATE TABLE IF NOT EXISTS ${VERSION_TABLE} (version INTEGER NOT NULL)`);
    connection.run(`DELETE FROM ${VERSION_TABLE}`);
    connection.run(`INSERT INTO ${VERSION_TABLE} (version) VALUES (?)`, SQLITE_SCHEMA_VERSION);
    connection.commit();
    return version;
  } catch (error) {
    connection.rollback();
    throw error;
  }
}

/** Makes a row about the ledger itself: another ledger than any before. */
export function insertIdentity(connection: SqliteConnection): void {
  connection.run(`INSERT INTO ${IDENTITY_TABLE} (identity, epoch) VALUES (?, ?)`, randomUUID(), randomUUID());
}

/** Reads the version of the tables, 0 if there are none. */
export function readSqliteVersion(connection: SqliteConnection): number {
  if (!isThere(connection, VERSION_TABLE)) return 0;
  return Number(connection.all(`SELECT max(version) AS version FROM ${VERSION_TABLE}`)[0]?.version ?? 0);
}

/**
 * Whether a table of a ledger is there.
 *
 * @throws {SinkError} If a table of the user's has its name: to write to it, or to alter it, would damage that.
 */
function isThere(connection: SqliteConnection, table: string): boolean {
  const columns = connection.all("SELECT name FROM pragma_table_info(?)", table).map(({ name }) => name);
  const missing = columns.length === 0 ? undefined : OWN_COLUMNS[table].find((column) => !columns.includes(column));
  if (missing === undefined) return columns.length > 0;
  const message = `Cannot use this SQLite file as its table ${table} is not one of a ledger: it has no column ` +
    `${missing}. Rename it, or use another file`;
  throw new SinkError("setup", "no", message);
}

function tooNew(version: number): string {
  return `Cannot use a ledger of version ${version}: this program knows versions up to ${SQLITE_SCHEMA_VERSION}, ` +
    "so use a newer one";
}
