/**
 * The statements of a SQLite ledger.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import type { RowFault } from "../isolate.ts";
import type { LedgerRow } from "../ledger_identity.ts";
import type { Conflict, Duplicate, SinkBatch, SinkWrite } from "../sink.ts";
import type { SqliteConnection } from "./connection.ts";
import { IDENTITY_TABLE } from "./schema.ts";
import { escapeId, escapeLoneSurrogates } from "../storable_text.ts";

// One prepared statement per row beat every multi-row form: 105,000 rows/s at 1,000 a batch, against 95,000 for
// VALUES lists, 88,000 for json_each and 86,000 with RETURNING. Its count of changed rows says what RETURNING would.
const INSERT = `INSERT INTO batched_writes (request_id, digest, data, partition_key, batch_id, committed_at, mark)
  VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request_id) DO NOTHING`;

// What `isSameWrite` says. SQLite compares: node:sqlite cuts text that it returns at the first NUL.
const FIND = `SELECT CASE WHEN length(digest) = length(?1) THEN digest = ?1
    ELSE data = ?2 AND partition_key IS ?3 END AS same, batch_id, committed_at, result, mark FROM batched_writes WHERE request_id = ?4`;

const READ_SELF = `SELECT identity, epoch, apply_name FROM ${IDENTITY_TABLE}`;

const SET_RESULT = "UPDATE batched_writes SET result = ? WHERE request_id = ?";

const REJECT = `INSERT INTO rejected_writes
    (request_id, digest, data, partition_key, error_type, error_message, batch_id, rejected_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (request_id) DO UPDATE SET
    digest = excluded.digest, data = excluded.data, partition_key = excluded.partition_key, error_type = excluded.error_type,
    error_message = excluded.error_message, batch_id = excluded.batch_id, rejected_at = excluded.rejected_at`;

const ANY_REJECTED = "SELECT 1 FROM rejected_writes LIMIT 1";

const ABSOLVE = "DELETE FROM rejected_writes WHERE request_id IN (SELECT value FROM json_each(?))";

const COUNT_COMMITTED = "SELECT count(*) AS count FROM batched_writes";

const COUNT_COMMITTED_OF = `SELECT count(*) AS count FROM batched_writes
  WHERE request_id IN (SELECT value FROM json_each(?))`;

const COUNT_REJECTED = "SELECT count(*) AS count FROM rejected_writes";

/** Most request ids in one JSON array, so that its text stays small. */
const IDS_PER_STATEMENT = 10_000;

interface StoredRow {
  readonly batch_id: string;
  readonly committed_at: string;
  readonly result: string | null;
  readonly mark: number | null;
}

/** The ledger and the dead-letter table, on one connection. Never begins or ends a transaction. */
export class SqliteLedger {
  readonly #connection: SqliteConnection;

  /** @param connection To a file whose tables are there. */
  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Reads what the ledger says about itself, `undefined` if that is gone. */
  readSelf(): LedgerRow | undefined {
    const [row] = this.#connection.all(READ_SELF);
    if (row === undefined) return undefined;
    const { identity, epoch, apply_name } = row as { identity: string; epoch: string; apply_name: string | null };
    return { identity, epoch, applyName: apply_name };
  }

  /** Gives the ledger's rows a name of the effect that they go through, `null` for none. */
  setApplyName(applyName: string | null): void {
    this.#connection.run(`UPDATE ${IDENTITY_TABLE} SET apply_name = ?`, applyName);
  }

  /** Gives the ledger a new epoch. */
  renew(): void {
    this.#connection.run(`UPDATE ${IDENTITY_TABLE} SET epoch = ?`, randomUUID());
  }

  /** Whether it has any row. */
  get hasRows(): boolean {
    return this.#connection.all("SELECT 1 FROM batched_writes LIMIT 1").length > 0;
  }

  /** Inserts a ledger row unless its request id is there; says whether it did. */
  insert(write: SinkWrite, batchId: string, committedAt: string): boolean {
    const { requestId, digest, data, partitionKey, mark = null } = write;
    return this.#connection.run(INSERT, requestId, digest, data, partitionKey, batchId, committedAt, mark) === 1;
  }

  /** Finds what the ledger says about a write, `undefined` if it does not have the request id. */
  find(write: SinkWrite): Duplicate | Conflict | undefined {
    const { requestId, digest, data, partitionKey } = write;
    // Text that cannot be stored is in no row.
    const [text, key] = data.isWellFormed() && partitionKey?.isWellFormed() !== false
      ? [data, partitionKey]
      : [null, null];
    const [row] = this.#connection.all(FIND, digest, text, key, requestId);
    if (row === undefined) return undefined;
    if (row.same !== 1) return { status: "conflict" };
    const { batch_id, committed_at, result, mark } = row as unknown as StoredRow;
    return {
      status: "duplicate",
      batchId: batch_id,
      committedAt: committed_at,
      ...(result !== null && { result: JSON.parse(result) }),
      ...(mark !== null && { mark }),
    };
  }

  /** Keeps the result, as JSON text, with its ledger row. */
  setResult(requestId: string, result: string): void {
    this.#connection.run(SET_RESULT, result, requestId);
  }

  /** Takes request ids that are committed now out of the dead-letter table. */
  clearDeadLetters(requestIds: readonly string[]): void {
    if (requestIds.length === 0 || this.#connection.all(ANY_REJECTED).length === 0) return;
    this.#connection.run(ABSOLVE, JSON.stringify(requestIds.map(escapeId)));
  }

  /** Keeps a refused write in the dead-letter table, in place of an earlier one with its request id. */
  reject(write: SinkWrite, fault: RowFault, batch: SinkBatch, rejectedAt: string): void {
    this.#connection.run(
      REJECT,
      escapeId(write.requestId),
      escapeLoneSurrogates(write.digest),
      escapeLoneSurrogates(write.data),
      write.partitionKey === null ? null : escapeLoneSurrogates(write.partitionKey),
      fault.errorType,
      fault.message,
      batch.batchId,
      rejectedAt,
    );
  }

  /** Counts the rows of the ledger. */
  countCommitted(): number {
    return this.#count(COUNT_COMMITTED);
  }

  /** Counts how many of these request ids are in the ledger; one that is given twice counts once. */
  countCommittedOf(requestIds: readonly string[]): number {
    const distinct = [...new Set(requestIds)];
    let count = 0;
    for (let start = 0; start < distinct.length; start += IDS_PER_STATEMENT) {
      count += this.#count(COUNT_COMMITTED_OF, JSON.stringify(distinct.slice(start, start + IDS_PER_STATEMENT)));
    }
    return count;
  }

  /** Counts the rows of the dead-letter table. */
  countRejected(): number {
    return this.#count(COUNT_REJECTED);
  }

  #count(sql: string, ...values: string[]): number {
    return Number(this.#connection.all(sql, ...values)[0]?.count);
  }
}
