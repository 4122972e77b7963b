/**
 * The plain bulk insert that sinks are measured against: the same columns, key and driver, and nothing that a ledger
 * does. A request id that is there already is an error.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import postgres from "postgres";
import type { SinkBatch } from "../../sinks/sink.ts";

/** A table that takes batches. */
export interface RawInsert extends AsyncDisposable {
  insert(batch: SinkBatch): Promise<void>;
  count(): Promise<number>;
}

/** Inserts into a SQLite file as fast as the driver can: one prepared statement for each row, in one transaction. */
export function rawSqlite(path: string): RawInsert {
  const database = new DatabaseSync(path);
  // The settings of the sink: durable at each commit, with the same memory.
  for (
    const pragma of ["journal_mode = WAL", "synchronous = FULL", "cache_size = -32768", "wal_autocheckpoint = 4000"]
  ) {
    database.prepare(`PRAGMA ${pragma}`).all();
  }
  database.exec(
    `CREATE TABLE raw_writes (request_id TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, data TEXT NOT NULL,
    partition_key TEXT, batch_id TEXT NOT NULL, committed_at TEXT NOT NULL, result TEXT)`,
  );
  const insert = database.prepare("INSERT INTO raw_writes VALUES (?, ?, ?, ?, ?, ?, NULL)");
  return {
    insert({ batchId, writes }) {
      const at = new Date().toISOString();
      database.exec("BEGIN IMMEDIATE");
      for (const { requestId, digest, data, partitionKey } of writes) {
        insert.run(requestId, digest, data, partitionKey, batchId, at);
      }
      database.exec("COMMIT");
      return Promise.resolve();
    },
    count: () => Promise.resolve(Number(database.prepare("SELECT count(*) AS rows FROM raw_writes").get()!.rows)),
    [Symbol.asyncDispose]: () => Promise.resolve(database.close()),
  };
}

/** Inserts into PostgreSQL as fast as the driver can: one `unnest` statement for each batch, which is its own transaction. */
export async function rawPostgres(url: string): Promise<RawInsert> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await sql`CREATE TABLE raw_writes (request_id text COLLATE "C" PRIMARY KEY, digest text NOT NULL, data json NOT NULL,
    partition_key text, batch_id text NOT NULL, batch_position integer NOT NULL, committed_at timestamptz(3) NOT NULL,
    result json)`;
  return {
    async insert({ batchId, writes }) {
      await sql`INSERT INTO raw_writes
        (request_id, digest, data, partition_key, batch_position, batch_id, committed_at)
        SELECT id, digest, data::json, key, position, ${batchId}::text, ${new Date()}::timestamptz
        FROM unnest(${writes.map(({ requestId }) => requestId)}::text[], ${writes.map(({ digest }) => digest)}::text[],
          ${writes.map(({ data }) => data)}::text[], ${writes.map(({ partitionKey }) => partitionKey)}::text[],
          ${writes.map((_, position) => position)}::integer[]) AS new (id, digest, data, key, position)`;
    },
    count: async () => Number((await sql`SELECT count(*) AS rows FROM raw_writes`)[0].rows),
    [Symbol.asyncDispose]: () => sql.end(),
  };
}
