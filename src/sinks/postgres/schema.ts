/**
 * The tables of a PostgreSQL ledger and their version.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { noLedgerRow } from "../ledger_identity.ts";
import { MIGRATIONS, OWNER } from "./migrations.ts";
import type { PostgresTables } from "./names.ts";
import type { PostgresSession } from "./session.ts";
import { SinkError } from "../sink.ts";

/** Version of the tables that this code reads and writes. */
export const POSTGRES_SCHEMA_VERSION = 3;

/** The first version whose ledgers have an identity. */
const IDENTITY_VERSION = 3;

/** Names the advisory lock under which tables are made: two migrations at the same time are one after the other. */
const LOCK_KEY = 7_264_112_903;

/**
 * Creates schema and tables, or brings the tables to {@linkcode POSTGRES_SCHEMA_VERSION}, in one transaction.
 *
 * It may be called any number of times, also at the same time.
 *
 * @param applyName Changes the name of the effect that the ledger's rows go through, `null` to none.
 * @returns The version that was there before, 0 if a table was missing, or what says which version it is of.
 * @throws {SinkError} If the tables are of a later version or those of two ledgers, or this role may not create them. If
 * the ledger has lost its identity and has rows: where the name of their effect is lost as well, unless `applyName` is
 * given; where it is not, if `applyName` is another one.
 */
export async function migratePostgres(
  session: PostgresSession,
  tables: PostgresTables,
  applyName?: string | null,
): Promise<number> {
  session.begin();
  try {
    await session.all("SELECT pg_advisory_xact_lock($1)", LOCK_KEY);
    const { version, applyName: kept } = await readSelf(session, tables);
    if (version > POSTGRES_SCHEMA_VERSION) throw new SinkError("setup", "no", tooNew(version));
    const there = await findTables(session, tables);
    const complete = there.ledger && there.deadLetters;
    if (version === 0 && there.ledger) await checkLostName(session, tables, kept, applyName);
    if (version < POSTGRES_SCHEMA_VERSION || !complete) await migrateFrom(version, there, session, tables);
    if (applyName !== undefined) {
      const sql = `UPDATE ${tables.version} SET apply_name = $2 WHERE ledger = $1`;
      await session.run(sql, tables.ledgerName, applyName);
    }
    await session.commit();
    return complete ? version : 0;
  } catch (error) {
    await session.rollback();
    throw error;
  }
}

/**
 * Looks at a ledger that has lost its identity.
 *
 * @throws {SinkError} If it has rows, and which effect they went through is unknown, or is not what is given.
 */
async function checkLostName(
  session: PostgresSession,
  tables: PostgresTables,
  kept: string | null,
  given: string | null | undefined,
): Promise<void> {
  const isClear = kept === null ? given !== undefined : given === undefined || given === kept;
  if (isClear) return;
  const [{ rows }] = await session.all(`SELECT EXISTS (SELECT FROM ${tables.ledger}) AS rows`);
  if (rows) throw noLedgerRow(`the ledger ${tables.ledger}`, kept);
}

/**
 * Makes sure that the tables are there, in the version that this code knows.
 *
 * @throws {SinkError} If they are not; the message names the command that creates them.
 */
export async function checkPostgresVersion(session: PostgresSession, tables: PostgresTables): Promise<void> {
  const { version, applyName } = await readSelf(session, tables);
  if (version > POSTGRES_SCHEMA_VERSION) throw new SinkError("setup", "no", tooNew(version));
  const there = await findTables(session, tables);
  if (version < POSTGRES_SCHEMA_VERSION) {
    if (version === 0 && there.ledger) throw noLedgerRow(`the ledger ${tables.ledger}`, applyName);
    const found = version === 0 ? "there is none" : `it is of version ${version}`;
    throw new SinkError("setup", "no", unusable(tables, found));
  }
  for (const table of ["ledger", "deadLetters"] as const) {
    if (!there[table]) throw new SinkError("setup", "no", unusable(tables, `the table ${tables[table]} is missing`));
  }
}

function unusable(tables: PostgresTables, reason: string): string {
  return `Cannot use the ledger ${tables.ledger} as ${reason}: run 'deno task sink migrate' with this --sink`;
}

interface TablesFound {
  readonly ledger: boolean;
  readonly deadLetters: boolean;
}

/** Columns that a table of a ledger has in every version. */
const COLUMNS = {
  ledger: ["request_id", "digest", "data", "batch_id", "batch_position", "committed_at"],
  deadLetters: ["request_id", "digest", "data", "error_type", "batch_id", "rejected_at"],
  version: ["ledger", "version"],
} as const;

/** The parameter of the address to change where a table of the user's has the name of one of the ledger's. */
const PARAMETERS = { ledger: "ledger_table", deadLetters: "dead_letter_table", version: "schema" } as const;

/** SQL text of the columns of a table; null where there is none. */
function columnsSql(table: string): string {
  return `(SELECT json_agg(attname) FROM pg_catalog.pg_attribute
    WHERE attrelid = to_regclass(${table}) AND attnum > 0 AND NOT attisdropped)`;
}

/**
 * Makes sure that a table which is there is one of a ledger.
 *
 * @throws {SinkError} If it is not: to write to it, or to alter it, would damage a table of the user's.
 */
function checkOwn(table: keyof typeof COLUMNS, columns: readonly string[] | null, tables: PostgresTables): void {
  const missing = columns === null ? undefined : COLUMNS[table].find((column) => !columns.includes(column));
  if (missing === undefined) return;
  const message =
    `Cannot use the ledger ${tables.ledger} as ${tables[table]} is there and is not a table of a ledger: ` +
    `it has no column ${missing}. Set ${PARAMETERS[table]} in the address to another name`;
  throw new SinkError("setup", "no", message);
}

/** @throws {SinkError} If a table is not a ledger's, or the dead letters are those of another ledger. */
async function findTables(session: PostgresSession, tables: PostgresTables): Promise<TablesFound> {
  const [found] = await session.all(
    `SELECT ${columnsSql("$1")} AS ledger, ${columnsSql("$2")} AS letters,
      obj_description(to_regclass($2), 'pg_class') AS comment`,
    tables.ledger,
    tables.deadLetters,
  );
  const { ledger, letters } = found as { ledger: string[] | null; letters: string[] | null };
  checkOwn("ledger", ledger, tables);
  checkOwn("deadLetters", letters, tables);
  const comment = found.comment as string | null;
  if (comment?.startsWith(OWNER) && comment !== OWNER + tables.ledgerName) {
    const owner = JSON.stringify(comment.slice(OWNER.length));
    const message = `Cannot use the ledger ${tables.ledger} as ${tables.deadLetters} belongs to the ledger ${owner}: ` +
      "give each its own dead_letter_table";
    throw new SinkError("setup", "no", message);
  }
  return { ledger: ledger !== null, deadLetters: letters !== null };
}

/** Reads the version of the tables, 0 if there are none, or nothing says which ledger they are. */
export async function readPostgresVersion(session: PostgresSession, tables: PostgresTables): Promise<number> {
  return (await readSelf(session, tables)).version;
}

/** What is left of the ledger's row about itself. */
interface SelfFound {
  /** 0 if there is no row, or it does not say which ledger this is. */
  readonly version: number;
  readonly applyName: string | null;
}

async function readSelf(session: PostgresSession, tables: PostgresTables): Promise<SelfFound> {
  const none = { version: 0, applyName: null };
  const [found] = await session.all(`SELECT ${columnsSql("$1")} AS columns`, tables.version);
  if (found.columns === null) return none;
  checkOwn("version", found.columns as string[], tables);
  // As JSON: a table of an earlier version has no such columns.
  const [row] = await session.all(
    `SELECT version, to_json(known) ->> 'identity' IS NOT NULL AND to_json(known) ->> 'epoch' IS NOT NULL AS identified,
        to_json(known) ->> 'apply_name' AS apply_name
      FROM ${tables.version} AS known WHERE ledger = $1`,
    tables.ledgerName,
  );
  if (row === undefined) return none;
  const version = Number(row.version);
  const isWhole = version < IDENTITY_VERSION || row.identified === true;
  return { version: isWhole ? version : 0, applyName: row.apply_name as string | null };
}

async function migrateFrom(
  version: number,
  there: TablesFound,
  session: PostgresSession,
  tables: PostgresTables,
): Promise<void> {
  // CREATE SCHEMA asks for its permission even where the schema is there.
  const schemas = await session.all("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", tables.schemaName);
  if (schemas.length === 0) await session.run(`CREATE SCHEMA ${tables.schema}`);
  for (const table of ["ledger", "deadLetters"] as const) {
    for (const migration of MIGRATIONS.slice(there[table] ? Math.max(version, 1) : 0)) {
      for (const sql of migration[table](tables)) await session.run(sql);
    }
  }
  await makeVersionTable(session, tables);
  // A ledger that was lost and is made anew is another one.
  await session.run(
    `INSERT INTO ${tables.version} AS known (ledger, version, identity, epoch) VALUES ($1, $2, $3, $4)
      ON CONFLICT (ledger) DO UPDATE SET version = excluded.version,
        identity = CASE WHEN $5::boolean THEN coalesce(known.identity, excluded.identity) ELSE excluded.identity END,
        epoch = CASE WHEN $5::boolean THEN coalesce(known.epoch, excluded.epoch) ELSE excluded.epoch END,
        apply_name = CASE WHEN $5::boolean THEN known.apply_name END`,
    tables.ledgerName,
    POSTGRES_SCHEMA_VERSION,
    randomUUID(),
    randomUUID(),
    there.ledger,
  );
}

/** Alters nothing that is as it should be: only its owner may do so, and each ledger of a schema may have another one. */
async function makeVersionTable(session: PostgresSession, { version }: PostgresTables): Promise<void> {
  const columns = await session.all(
    "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0",
    version,
  );
  if (columns.length === 0) {
    await session.run(`CREATE TABLE ${version} (ledger text PRIMARY KEY, version integer NOT NULL)`);
  }
  const there = new Set(columns.map(({ attname }) => attname));
  for (const column of ["identity", "epoch", "apply_name"]) {
    if (!there.has(column)) await session.run(`ALTER TABLE ${version} ADD COLUMN ${column} text`);
  }
}

function tooNew(version: number): string {
  return `Cannot use a ledger of version ${version}: this program knows versions up to ${POSTGRES_SCHEMA_VERSION}, ` +
    "so use a newer one";
}
