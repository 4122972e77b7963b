/**
 * The statements of a PostgreSQL ledger.
 *
 * @module
 */

import type { RowFault } from "./isolate.ts";
import type { PostgresTables } from "./postgres_names.ts";
import { idHash } from "./postgres_schema.ts";
import type { PostgresSession } from "./postgres_session.ts";
import { escapeUnstorable } from "./postgres_value.ts";
import type { Conflict, Duplicate, SinkBatch, SinkWrite } from "./sink.ts";

/** A time as receipts have it, whatever the server's settings for dates are. */
const ISO_UTC = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

/** Makes the SQL text of a time column as ISO 8601 in UTC with milliseconds. */
export function isoUtc(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', ${ISO_UTC})`;
}

/** A write and its place in its batch. */
export interface PlacedWrite extends SinkWrite {
  readonly position: number;
}

/** The ledger and the dead-letter table. Never begins or ends a transaction. */
export class PostgresLedger {
  readonly #insert: string;
  readonly #find: string;
  readonly #setResults: string;
  readonly #reject: string;
  readonly #countCommitted: string;
  readonly #countCommittedOf: string;
  readonly #countRejected: string;

  constructor({ ledger, deadLetters }: PostgresTables) {
    // One statement inserts what is new, takes it out of the dead letters, and answers one row: the ids are listed only
    // if some were there before.
    this.#insert = `WITH fresh AS (
        INSERT INTO ${ledger} (request_id, digest, data, partition_key, batch_position, batch_id, committed_at)
        SELECT request_id, digest, data::json, partition_key, batch_position, $6::text, $7::timestamptz
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[])
          AS new (request_id, digest, data, partition_key, batch_position)
        ON CONFLICT (request_id) DO NOTHING RETURNING request_id
      ), absolved AS (
        DELETE FROM ${deadLetters} AS letter USING fresh
        WHERE (${idHash("letter.request_id")}) = (${idHash("fresh.request_id")})
      )
      SELECT CASE WHEN count(*) < cardinality($1) THEN coalesce(json_agg(request_id), '[]') END AS fresh FROM fresh`;
    this.#find = `SELECT request_id, digest, batch_id, ${isoUtc("committed_at")} AS committed_at, result::text AS result
      FROM ${ledger} WHERE request_id = ANY ($1::text[])`;
    this.#setResults = `UPDATE ${ledger} AS written SET result = new.result::json
      FROM unnest($1::text[], $2::text[]) AS new (request_id, result) WHERE written.request_id = new.request_id`;
    this.#reject = `INSERT INTO ${deadLetters}
        (request_id, digest, data, partition_key, error_type, error_message, batch_id, rejected_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      ON CONFLICT (${idHash()}) DO UPDATE SET
        request_id = excluded.request_id, digest = excluded.digest, data = excluded.data, partition_key = excluded.partition_key,
        error_type = excluded.error_type, error_message = excluded.error_message, batch_id = excluded.batch_id,
        rejected_at = excluded.rejected_at`;
    this.#countCommitted = `SELECT count(*) AS count FROM ${ledger}`;
    this.#countCommittedOf = `SELECT count(*) AS count FROM ${ledger} WHERE request_id = ANY ($1::text[])`;
    this.#countRejected = `SELECT count(*) AS count FROM ${deadLetters}`;
  }

  /**
   * Inserts the ledger rows whose request ids are not there, and takes those out of the dead-letter table.
   *
   * @returns The request ids that were inserted, or `undefined` if all were.
   */
  async insert(
    session: PostgresSession,
    writes: readonly PlacedWrite[],
    batchId: string,
    committedAt: string,
  ): Promise<ReadonlySet<string> | undefined> {
    // In one order everywhere, so that two batches with the same ids never wait for each other.
    const sorted = [...writes].sort((a, b) => a.requestId < b.requestId ? -1 : 1);
    const [row] = await session.all(
      this.#insert,
      sorted.map(({ requestId }) => requestId),
      sorted.map(({ digest }) => digest),
      sorted.map(({ data }) => data),
      sorted.map(({ partitionKey }) => partitionKey),
      sorted.map(({ position }) => position),
      batchId,
      committedAt,
    );
    return row.fresh === null ? undefined : new Set(row.fresh as string[]);
  }

  /** Finds what the ledger says about writes, by request id; what it does not have is left out. */
  async find(session: PostgresSession, writes: readonly SinkWrite[]): Promise<Map<string, Duplicate | Conflict>> {
    const rows = await session.all(this.#find, writes.map(({ requestId }) => requestId));
    const byId = new Map(rows.map((row) => [row.request_id, row as unknown as StoredRow]));
    const found = new Map<string, Duplicate | Conflict>();
    for (const { requestId, digest } of writes) {
      const row = byId.get(requestId);
      if (row !== undefined) found.set(requestId, row.digest === digest ? asDuplicate(row) : { status: "conflict" });
    }
    return found;
  }

  /** Keeps results, as JSON text, with their ledger rows. */
  async setResults(
    session: PostgresSession,
    results: readonly (readonly [requestId: string, json: string])[],
  ): Promise<void> {
    await session.run(this.#setResults, results.map(([requestId]) => requestId), results.map(([, json]) => json));
  }

  /** Keeps a refused write in the dead-letter table, in place of an earlier one with its request id. */
  async reject(
    session: PostgresSession,
    write: SinkWrite,
    fault: RowFault,
    batch: SinkBatch,
    rejectedAt: string,
  ): Promise<void> {
    await session.run(
      this.#reject,
      escapeUnstorable(write.requestId),
      escapeUnstorable(write.digest),
      escapeUnstorable(write.data),
      write.partitionKey === null ? null : escapeUnstorable(write.partitionKey),
      escapeUnstorable(fault.errorType),
      escapeUnstorable(fault.message),
      batch.batchId,
      rejectedAt,
    );
  }

  /** Counts the rows of the ledger. */
  countCommitted(session: PostgresSession): Promise<number> {
    return count(session, this.#countCommitted);
  }

  /** Counts how many of these request ids are in the ledger; one that is given twice counts once. */
  countCommittedOf(session: PostgresSession, requestIds: readonly string[]): Promise<number> {
    // What PostgreSQL cannot store it does not hold.
    const storable = requestIds.filter((id) => id.isWellFormed() && !id.includes("\0"));
    return count(session, this.#countCommittedOf, [...new Set(storable)]);
  }

  /** Counts the rows of the dead-letter table. */
  countRejected(session: PostgresSession): Promise<number> {
    return count(session, this.#countRejected);
  }
}

interface StoredRow {
  readonly digest: string;
  readonly batch_id: string;
  readonly committed_at: string;
  readonly result: string | null;
}

function asDuplicate({ batch_id, committed_at, result }: StoredRow): Duplicate {
  const duplicate: Duplicate = { status: "duplicate", batchId: batch_id, committedAt: committed_at };
  return result === null ? duplicate : { ...duplicate, result: JSON.parse(result) };
}

async function count(session: PostgresSession, sql: string, ...values: readonly object[]): Promise<number> {
  return Number((await session.all(sql, ...values))[0].count);
}
