/**
 * The statements of a PostgreSQL ledger.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import type { LedgerIdentity } from "../../protocol/messages.ts";
import { checkLedger, type LedgerRow, noLedgerRow, unnamedRows } from "../ledger_identity.ts";
import type { PostgresTables } from "./names.ts";
import { idHash } from "./migrations.ts";
import type { PostgresSession } from "./session.ts";
import { escapeUnstorable, type PostgresRow, type PostgresValue } from "./value.ts";
import { isSameWrite } from "../same_write.ts";
import type { Rejection } from "../settle_batch.ts";
import type { Conflict, Duplicate, SinkBatch, SinkWrite } from "../sink.ts";
import { escapedIdSql, escapeId } from "../storable_text.ts";

/** A time as receipts have it, whatever the server's settings for dates are. */
const ISO_UTC = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

/** Makes the SQL text of a time column as ISO 8601 in UTC with milliseconds. */
export function isoUtc(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', ${ISO_UTC})`;
}

/** Makes the SQL text of a flush's time: a parameter, or where that is null the database's time. */
function at(parameter: string): string {
  return `coalesce(${parameter}::timestamptz, now())::timestamptz(3)`;
}

/** Runs a statement and returns its rows. */
export type RunStatement = (sql: string, ...values: readonly PostgresValue[]) => Promise<PostgresRow[]>;

/** Where rows go. */
export interface Destination {
  /** Place of the first row in its batch; the others come behind it. */
  readonly place: number;
  readonly batchId: string;
  /** `null` for the database's time, which the statement's row has as `committed_at`. */
  readonly committedAt: string | null;
  /** The ledger that they are for, if they are for one. */
  readonly wanted: LedgerIdentity | undefined;
  /** The effect that they go through. */
  readonly applyName: string | null;
}

/** The ledger and the dead-letter table. But for {@linkcode PostgresLedger.claim} it never begins or ends a transaction. */
export class PostgresLedger {
  readonly #insert: string;
  readonly #insertNew: string;
  readonly #find: string;
  readonly #setResults: string;
  readonly #reject: string;
  readonly #countCommitted: string;
  readonly #countCommittedOf: string;
  readonly #countRejected: string;
  readonly #readSelf: string;
  readonly #renew: string;
  readonly #setApplyName: string;
  readonly #hasRows: string;
  readonly #lock: string;

  constructor(private readonly tables: PostgresTables) {
    const { ledger, deadLetters, version } = tables;
    // One statement inserts what is new, takes it out of the dead letters, and answers one row: the ids are listed only
    // if some were there before. Rows go in in one order everywhere, so that two batches with the same ids never wait for
    // each other. Both EXISTS and count are asked once, and save the rest of their part.
    // The time is that of the database, or what an earlier statement of the same flush has said that it is.
    // Nothing goes in where this is another ledger, or one of another effect.
    const insert = (onConflict: string) =>
      `WITH self AS (
        SELECT FROM ${version} WHERE ledger = $9 AND ($10::text IS NULL OR identity = $10 AND epoch = $11)
          AND apply_name IS NOT DISTINCT FROM $12::text
      ), fresh AS (
        INSERT INTO ${ledger} (request_id, digest, data, partition_key, batch_position, batch_id, committed_at, mark)
        SELECT request_id, digest, data::json, partition_key, $5::integer + place - 1, $6::text, ${at("$7")}, mark
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $8::bigint[]) WITH ORDINALITY
          AS new (request_id, digest, data, partition_key, mark, place)
        WHERE EXISTS (SELECT FROM self)
        ORDER BY request_id COLLATE "C"
        ${onConflict} RETURNING request_id
      ), cleared AS (
        DELETE FROM ${deadLetters} AS letter USING fresh WHERE EXISTS (SELECT FROM ${deadLetters})
          AND (${idHash("letter.request_id")}) = (${idHash(escapedIdSql("fresh.request_id"))})
      )
      SELECT count(*)::integer AS count, EXISTS (SELECT FROM self) AS right_ledger, ${isoUtc(at("$7"))} AS committed_at,
        (SELECT json_agg(request_id) FROM fresh WHERE (SELECT count(*) FROM fresh) < cardinality($1)) AS ids FROM fresh`;
    this.#insert = insert("ON CONFLICT (request_id) DO NOTHING");
    this.#insertNew = insert("");
    // The row itself only where its digest and that of a write cannot be compared.
    const other = "length(digest) <> ANY ($2::integer[])";
    this.#find = `SELECT request_id, digest, CASE WHEN ${other} THEN data::text END AS data,
        CASE WHEN ${other} THEN partition_key END AS partition_key, batch_id, ${
      isoUtc("committed_at")
    } AS committed_at, result::text AS result,
        mark::text AS mark
      FROM ${ledger} WHERE request_id = ANY ($1::text[])`;
    this.#setResults = `UPDATE ${ledger} AS written SET result = new.result::json
      FROM unnest($1::text[], $2::text[]) AS new (request_id, result) WHERE written.request_id = new.request_id`;
    this.#reject = `INSERT INTO ${deadLetters}
        (request_id, digest, data, partition_key, error_type, error_message, batch_id, rejected_at)
      SELECT request_id, digest, data, partition_key, error_type, error_message, $7, ${at("$8")}
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
        AS refused (request_id, digest, data, partition_key, error_type, error_message)
      ON CONFLICT (${idHash()}) DO UPDATE SET
        request_id = excluded.request_id, digest = excluded.digest, data = excluded.data, partition_key = excluded.partition_key,
        error_type = excluded.error_type, error_message = excluded.error_message, batch_id = excluded.batch_id,
        rejected_at = excluded.rejected_at`;
    this.#countCommitted = `SELECT count(*) AS count FROM ${ledger}`;
    this.#countCommittedOf = `SELECT count(*) AS count FROM ${ledger} WHERE request_id = ANY ($1::text[])`;
    this.#countRejected = `SELECT count(*) AS count FROM ${deadLetters}`;
    this.#readSelf = `SELECT identity, epoch, apply_name FROM ${version} WHERE ledger = $1`;
    this.#renew = `UPDATE ${version} SET epoch = $2 WHERE ledger = $1`;
    this.#setApplyName = `UPDATE ${version} SET apply_name = $2 WHERE ledger = $1`;
    this.#hasRows = `SELECT EXISTS (SELECT FROM ${ledger}) AS rows`;
    this.#lock = `LOCK TABLE ${ledger} IN SHARE ROW EXCLUSIVE MODE`;
  }

  /**
   * Inserts the ledger rows whose request ids are not there, and takes those out of the dead-letter table.
   *
   * @param all Runs the statement.
   * @returns The request ids that were inserted, or `undefined` if all were; `"none"` if none was, as this is not the
   * ledger that the rows are for, or one of another effect.
   */
  async insert(
    all: RunStatement,
    writes: readonly SinkWrite[],
    into: Destination,
  ): Promise<ReadonlySet<string> | undefined | "none"> {
    const [row] = await all(this.#insert, ...this.#insertValues(writes, into));
    if (!row.right_ledger) return "none";
    return row.count === writes.length ? undefined : new Set(row.ids as string[] ?? []);
  }

  /**
   * Inserts ledger rows as {@linkcode PostgresLedger.insert} does, whose request ids must not be there: that saves a third
   * of the server's time, as it need not insert each row on trial.
   *
   * @returns How many were inserted: a trigger may leave some out. `"none"` as above.
   * @throws {RowFault} `23505` if one is there.
   */
  async insertNew(all: RunStatement, writes: readonly SinkWrite[], into: Destination): Promise<number | "none"> {
    const [row] = await all(this.#insertNew, ...this.#insertValues(writes, into));
    return row.right_ledger ? row.count as number : "none";
  }

  #insertValues(writes: readonly SinkWrite[], { place, batchId, committedAt, wanted, applyName }: Destination) {
    return [
      writes.map(({ requestId }) => requestId),
      writes.map(({ digest }) => digest),
      writes.map(({ data }) => data),
      writes.map(({ partitionKey }) => partitionKey),
      place,
      batchId,
      committedAt,
      writes.map(({ mark = null }) => mark),
      this.tables.ledgerName,
      wanted?.identity ?? null,
      wanted?.epoch ?? null,
      applyName,
    ];
  }

  /**
   * Makes sure that a batch may go into this ledger.
   *
   * @throws {SinkError} As `checkLedger` does.
   */
  async check(
    session: PostgresSession,
    applyName: string | null,
    wanted: LedgerIdentity | undefined,
    description: string,
  ): Promise<void> {
    checkLedger(await this.readSelf(session, description), applyName, wanted, description);
  }

  /** Reads what the ledger says about itself. */
  async readSelf(session: PostgresSession, description: string): Promise<LedgerRow> {
    const [row] = await session.all(this.#readSelf, this.tables.ledgerName);
    const { identity, epoch, apply_name: applyName } = (row ?? {}) as Record<string, string | null | undefined>;
    if (identity == null || epoch == null) throw noLedgerRow(description, applyName);
    return { identity, epoch, applyName: applyName ?? null };
  }

  /** Gives the ledger a new epoch. */
  async renew(session: PostgresSession): Promise<void> {
    await session.run(this.#renew, this.tables.ledgerName, randomUUID());
  }

  /** Gives the ledger's rows a name of the effect that they go through, `null` for none. */
  async setApplyName(session: PostgresSession, applyName: string | null): Promise<void> {
    await session.run(this.#setApplyName, this.tables.ledgerName, applyName);
  }

  /**
   * Makes sure that the ledger's rows go through this effect. A ledger without rows takes the first name that it is given.
   *
   * @throws {SinkError} If they go through another one.
   */
  async claim(session: PostgresSession, applyName: string | null, description: string): Promise<void> {
    const self = await this.readSelf(session, description);
    if (self.applyName !== null || applyName === null) return checkLedger(self, applyName, undefined, description);
    session.begin();
    try {
      // No sink without an effect may insert the first row now.
      await session.run(this.#lock);
      if ((await this.readSelf(session, description)).applyName === null) {
        const [{ rows }] = await session.all(this.#hasRows);
        if (rows) throw unnamedRows(applyName, description);
        await this.setApplyName(session, applyName);
      }
      await this.check(session, applyName, undefined, description);
      await session.commit();
    } catch (error) {
      await session.rollback();
      throw error;
    }
  }

  /** Finds what the ledger says about writes, by request id; what it does not have is left out. */
  async find(session: PostgresSession, writes: readonly SinkWrite[]): Promise<Map<string, Duplicate | Conflict>> {
    const lengths = [...new Set(writes.map(({ digest }) => digest.length))];
    const rows = await session.all(this.#find, writes.map(({ requestId }) => requestId), lengths);
    const byId = new Map(rows.map((row) => [row.request_id, row as unknown as StoredRow]));
    const found = new Map<string, Duplicate | Conflict>();
    for (const write of writes) {
      const row = byId.get(write.requestId);
      if (row === undefined) continue;
      const stored = { digest: row.digest, data: row.data, partitionKey: row.partition_key };
      found.set(write.requestId, isSameWrite(stored, write) ? asDuplicate(row) : { status: "conflict" });
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

  /** Keeps refused writes in the dead-letter table, each in place of an earlier one with its request id. */
  async reject(
    session: PostgresSession,
    rejections: readonly Rejection[],
    batch: SinkBatch,
    rejectedAt: string | null,
  ): Promise<void> {
    await session.run(
      this.#reject,
      rejections.map(({ write }) => escapeId(write.requestId)),
      rejections.map(({ write }) => escapeUnstorable(write.digest)),
      rejections.map(({ write }) => escapeUnstorable(write.data)),
      rejections.map(({ write }) => write.partitionKey === null ? null : escapeUnstorable(write.partitionKey)),
      rejections.map(({ fault }) => escapeUnstorable(fault.errorType)),
      rejections.map(({ fault }) => escapeUnstorable(fault.message)),
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
  readonly data: string;
  readonly partition_key: string | null;
  readonly batch_id: string;
  readonly committed_at: string;
  readonly result: string | null;
  readonly mark: string | null;
}

function asDuplicate({ batch_id, committed_at, result, mark }: StoredRow): Duplicate {
  return {
    status: "duplicate",
    batchId: batch_id,
    committedAt: committed_at,
    ...(result !== null && { result: JSON.parse(result) }),
    ...(mark !== null && { mark: Number(mark) }),
  };
}

async function count(session: PostgresSession, sql: string, ...values: readonly object[]): Promise<number> {
  return Number((await session.all(sql, ...values))[0].count);
}
