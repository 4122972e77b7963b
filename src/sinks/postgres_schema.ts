/**
 * The tables of a PostgreSQL ledger and their version.
 *
 * @module
 */

import type { PostgresTables } from "./postgres_names.ts";
import type { PostgresSession } from "./postgres_session.ts";
import { SinkError } from "./sink.ts";

/**
 * What dead letters are unique by: an id that is too long for an index is a reason to be refused, and must be kept all
 * the same. 128 bits, so that no two ids are one.
 *
 * @param id The column, or its name with that of its table.
 */
export function idHash(id: string = "request_id"): string {
  return `hashtextextended(${id}, 0), hashtextextended(${id}, 1)`;
}

/** Version of the tables that this code reads and writes. */
export const POSTGRES_SCHEMA_VERSION = 1;

/** Names the advisory lock under which tables are made: two migrations at the same time are one after the other. */
const LOCK_KEY = 7_264_112_903;

/**
 * The statements that lead to each version from the one before; the first entry leads to version 1.
 *
 * Rows are `json`: it keeps the text exactly as it was sent, which `jsonb` does not (order and repetition of keys, digits,
 * `\u0000`), and it can be queried with `->>`, which `text` cannot. Dead letters are `text`, as what was refused may be
 * no JSON to PostgreSQL. Request ids compare as bytes. `batch_position` is a row's place in its batch, for who wants the
 * order in which the rows of a partition key were submitted.
 */
const MIGRATIONS: readonly ((tables: PostgresTables) => readonly string[])[] = [
  ({ ledger, deadLetters }) => [
    `CREATE TABLE IF NOT EXISTS ${ledger} (
      request_id text COLLATE "C" PRIMARY KEY,
      digest text NOT NULL,
      data json NOT NULL,
      partition_key text,
      batch_id text NOT NULL,
      batch_position integer NOT NULL,
      committed_at timestamptz(3) NOT NULL,
      result json
    )`,
    `CREATE TABLE IF NOT EXISTS ${deadLetters} (
      request_id text COLLATE "C" NOT NULL,
      digest text NOT NULL,
      data text NOT NULL,
      partition_key text,
      error_type text NOT NULL,
      error_message text NOT NULL,
      batch_id text NOT NULL,
      rejected_at timestamptz(3) NOT NULL
    )`,
    `CREATE UNIQUE INDEX ON ${deadLetters} (${idHash()})`,
  ],
];

/**
 * Creates schema and tables, or brings the tables to {@linkcode POSTGRES_SCHEMA_VERSION}, in one transaction.
 *
 * It may be called any number of times, also at the same time.
 *
 * @returns The version that was there before, 0 for none.
 * @throws {SinkError} If the tables are of a later version, or this role may not create them.
 */
export async function migratePostgres(session: PostgresSession, tables: PostgresTables): Promise<number> {
  session.begin();
  try {
    await session.all("SELECT pg_advisory_xact_lock($1)", LOCK_KEY);
    const version = await readPostgresVersion(session, tables);
    if (version > POSTGRES_SCHEMA_VERSION) throw new SinkError("setup", "no", tooNew(version));
    if (version < POSTGRES_SCHEMA_VERSION) await migrateFrom(version, session, tables);
    await session.commit();
    return version;
  } catch (error) {
    await session.rollback();
    throw error;
  }
}

/**
 * Makes sure that the tables are there, in the version that this code knows.
 *
 * @throws {SinkError} If they are not; the message names the command that creates them.
 */
export async function checkPostgresVersion(session: PostgresSession, tables: PostgresTables): Promise<void> {
  const version = await readPostgresVersion(session, tables);
  if (version === POSTGRES_SCHEMA_VERSION) return;
  if (version > POSTGRES_SCHEMA_VERSION) throw new SinkError("setup", "no", tooNew(version));
  const found = version === 0 ? "there is none" : `it is of version ${version}`;
  const message = `Cannot use the ledger ${tables.ledger} as ${found}: run 'deno task sink migrate' with this --sink`;
  throw new SinkError("setup", "no", message);
}

/** Reads the version of the tables, 0 if there are none. */
export async function readPostgresVersion(session: PostgresSession, tables: PostgresTables): Promise<number> {
  const [{ there }] = await session.all("SELECT to_regclass($1) IS NOT NULL AS there", tables.version);
  if (!there) return 0;
  const [row] = await session.all(`SELECT version FROM ${tables.version} WHERE ledger = $1`, tables.ledgerName);
  return row === undefined ? 0 : Number(row.version);
}

async function migrateFrom(version: number, session: PostgresSession, tables: PostgresTables): Promise<void> {
  // CREATE SCHEMA asks for its permission even where the schema is there.
  const schemas = await session.all("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", tables.schemaName);
  if (schemas.length === 0) await session.run(`CREATE SCHEMA ${tables.schema}`);
  for (const statements of MIGRATIONS.slice(version)) {
    for (const sql of statements(tables)) await session.run(sql);
  }
  await session.run(
    `CREATE TABLE IF NOT EXISTS ${tables.version} (ledger text PRIMARY KEY, version integer NOT NULL)`,
  );
  await session.run(
    `INSERT INTO ${tables.version} (ledger, version) VALUES ($1, $2)
      ON CONFLICT (ledger) DO UPDATE SET version = excluded.version`,
    tables.ledgerName,
    POSTGRES_SCHEMA_VERSION,
  );
}

function tooNew(version: number): string {
  return `Cannot use a ledger of version ${version}: this program knows versions up to ${POSTGRES_SCHEMA_VERSION}, ` +
    "so use a newer one";
}
