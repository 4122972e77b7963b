/**
 * The tables of a PostgreSQL ledger and their version.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import type { PostgresTables } from "./postgres_names.ts";
import type { PostgresSession } from "./postgres_session.ts";
import { SinkError } from "./sink.ts";

/**
 * What dead letters are unique by: an id that is too long for an index is a reason to be refused, and must be kept all
 * the same. Nobody can make up an id with the hash of another, whose letter it would take the place of.
 *
 * An index takes no function that a setting may change, as `convert_to`. So the text is cast: with each backslash doubled
 * the cast reads nothing into it, and gives its bytes.
 *
 * @param id The column, or its name with that of its table.
 */
export function idHash(id: string = "request_id"): string {
  return `sha256(replace(${id}, E'\\\\', E'\\\\\\\\')::bytea)`;
}

/** What they were unique by up to version 2. */
const OLD_ID_HASH = "hashtextextended(request_id, 0), hashtextextended(request_id, 1)";

/** Version of the tables that this code reads and writes. */
export const POSTGRES_SCHEMA_VERSION = 3;

/** Names the advisory lock under which tables are made: two migrations at the same time are one after the other. */
const LOCK_KEY = 7_264_112_903;

/** The statements of one version, for either table. */
interface Migration {
  readonly ledger: (tables: PostgresTables) => readonly string[];
  readonly deadLetters: (tables: PostgresTables) => readonly string[];
}

/**
 * The statements that lead to each version from the one before; the first entry leads to version 1.
 *
 * Rows are `json`: it keeps the text exactly as it was sent, which `jsonb` does not (order and repetition of keys, digits,
 * `\u0000`), and it can be queried with `->>`, which `text` cannot. Dead letters are `text`, as what was refused may be
 * no JSON to PostgreSQL. Request ids compare as bytes. `batch_position` is a row's place in its batch, for who wants the
 * order in which the rows of a partition key were submitted.
 */
const MIGRATIONS: readonly Migration[] = [{
  ledger: ({ ledger }) => [
    `CREATE TABLE ${ledger} (
      request_id text COLLATE "C" PRIMARY KEY,
      digest text NOT NULL,
      data json NOT NULL,
      partition_key text,
      batch_id text NOT NULL,
      batch_position integer NOT NULL,
      committed_at timestamptz(3) NOT NULL,
      result json
    )`,
  ],
  deadLetters: ({ deadLetters, ledgerName }) => [
    `CREATE TABLE ${deadLetters} (
      request_id text COLLATE "C" NOT NULL,
      digest text NOT NULL,
      data text NOT NULL,
      partition_key text,
      error_type text NOT NULL,
      error_message text NOT NULL,
      batch_id text NOT NULL,
      rejected_at timestamptz(3) NOT NULL
    )`,
    `CREATE UNIQUE INDEX ON ${deadLetters} (${OLD_ID_HASH})`,
    // Two ledgers with one table of dead letters would clear those of each other.
    `COMMENT ON TABLE ${deadLetters} IS ${quoteText(OWNER + ledgerName)}`,
  ],
}, {
  // Which delivery stored the row; none where its writer knew no marks.
  ledger: ({ ledger }) => [`ALTER TABLE ${ledger} ADD COLUMN mark bigint`],
  deadLetters: () => [],
}, {
  // Rows lie in the order in which they came, so a few bytes for each MiB say where the old ones are.
  ledger: ({ ledger }) => [`CREATE INDEX ON ${ledger} USING brin (committed_at) WITH (autosummarize = on)`],
  deadLetters: ({ deadLetters }) => [
    dropIndexes(deadLetters, "hashtextextended"),
    `CREATE UNIQUE INDEX ON ${deadLetters} (${idHash()})`,
  ],
}];

/** Makes the statement that drops the indexes of a table that call a function, whatever their names are. */
function dropIndexes(table: string, calling: string): string {
  const body = `DECLARE old regclass; BEGIN
    FOR old IN SELECT indexrelid FROM pg_catalog.pg_index
      WHERE indrelid = ${quoteText(table)}::regclass AND pg_get_indexdef(indexrelid) LIKE ${quoteText(`%${calling}(%`)}
    LOOP EXECUTE 'DROP INDEX ' || old; END LOOP;
  END`;
  return `DO ${quoteText(body)}`;
}

/** What the comment on a table of dead letters says in front of the name of its ledger. */
const OWNER = "dead letters of ";

function quoteText(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/**
 * Creates schema and tables, or brings the tables to {@linkcode POSTGRES_SCHEMA_VERSION}, in one transaction.
 *
 * It may be called any number of times, also at the same time.
 *
 * @returns The version that was there before, 0 if a table was missing.
 * @throws {SinkError} If the tables are of a later version or those of two ledgers, or this role may not create them.
 */
export async function migratePostgres(session: PostgresSession, tables: PostgresTables): Promise<number> {
  session.begin();
  try {
    await session.all("SELECT pg_advisory_xact_lock($1)", LOCK_KEY);
    const version = await readPostgresVersion(session, tables);
    if (version > POSTGRES_SCHEMA_VERSION) throw new SinkError("setup", "no", tooNew(version));
    const there = await findTables(session, tables);
    const complete = there.ledger && there.deadLetters;
    if (version < POSTGRES_SCHEMA_VERSION || !complete) await migrateFrom(version, there, session, tables);
    await session.commit();
    return complete ? version : 0;
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
  if (version === POSTGRES_SCHEMA_VERSION) {
    const there = await findTables(session, tables);
    for (const table of ["ledger", "deadLetters"] as const) {
      if (!there[table]) throw new SinkError("setup", "no", unusable(tables, `the table ${tables[table]} is missing`));
    }
    return;
  }
  if (version > POSTGRES_SCHEMA_VERSION) throw new SinkError("setup", "no", tooNew(version));
  const found = version === 0 ? "there is none" : `it is of version ${version}`;
  throw new SinkError("setup", "no", unusable(tables, found));
}

function unusable(tables: PostgresTables, reason: string): string {
  return `Cannot use the ledger ${tables.ledger} as ${reason}: run 'deno task sink migrate' with this --sink`;
}

interface TablesFound {
  readonly ledger: boolean;
  readonly deadLetters: boolean;
}

/** @throws {SinkError} If the table of dead letters is that of another ledger. */
async function findTables(session: PostgresSession, tables: PostgresTables): Promise<TablesFound> {
  const [found] = await session.all(
    `SELECT to_regclass($1) IS NOT NULL AS ledger, to_regclass($2) IS NOT NULL AS letters,
      obj_description(to_regclass($2), 'pg_class') AS comment`,
    tables.ledger,
    tables.deadLetters,
  );
  const comment = found.comment as string | null;
  if (comment?.startsWith(OWNER) && comment !== OWNER + tables.ledgerName) {
    const owner = JSON.stringify(comment.slice(OWNER.length));
    const message = `Cannot use the ledger ${tables.ledger} as ${tables.deadLetters} belongs to the ledger ${owner}: ` +
      "give each its own dead_letter_table";
    throw new SinkError("setup", "no", message);
  }
  return { ledger: found.ledger as boolean, deadLetters: found.letters as boolean };
}

/** Reads the version of the tables, 0 if there are none. */
export async function readPostgresVersion(session: PostgresSession, tables: PostgresTables): Promise<number> {
  const [{ there }] = await session.all("SELECT to_regclass($1) IS NOT NULL AS there", tables.version);
  if (!there) return 0;
  const [row] = await session.all(`SELECT version FROM ${tables.version} WHERE ledger = $1`, tables.ledgerName);
  return row === undefined ? 0 : Number(row.version);
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
  await session.run(
    `CREATE TABLE IF NOT EXISTS ${tables.version} (ledger text PRIMARY KEY, version integer NOT NULL)`,
  );
  for (const column of ["identity", "epoch", "apply_name"]) {
    await session.run(`ALTER TABLE ${tables.version} ADD COLUMN IF NOT EXISTS ${column} text`);
  }
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

function tooNew(version: number): string {
  return `Cannot use a ledger of version ${version}: this program knows versions up to ${POSTGRES_SCHEMA_VERSION}, ` +
    "so use a newer one";
}
