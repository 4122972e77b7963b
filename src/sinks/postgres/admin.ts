/**
 * Looks after a PostgreSQL ledger.
 *
 * @module
 */

import type { LedgerIdentity } from "../../protocol/messages.ts";
import type { LedgerRow } from "../ledger_identity.ts";
import { isoUtc, PostgresLedger } from "./ledger.ts";
import type { PostgresTables } from "./names.ts";
import type { PostgresPool } from "./pool.ts";
import { idHash } from "./migrations.ts";
import type { PostgresSession } from "./session.ts";
import type { PostgresRow, PostgresValue } from "./value.ts";
import { type DeadLetter, type DeadLetterPlace, PRUNE_ROWS, type SinkAdmin, type SinkFindings } from "../sink_admin.ts";
import { escapeId, unescapeId } from "../storable_text.ts";

/** What a sink needs of its tables. */
const PRIVILEGES = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/** Blocks that one entry of the index on the time is about: what `pages_per_range` is by default. */
const SUMMARY_BLOCKS = 128;

/** SQL text of the block that the first or the last of some rows is in. */
function blockOf(aggregate: "min" | "max"): string {
  return `(${aggregate}(ctid)::text::point)[0]::bigint`;
}

/** Most rows that a block can hold: each takes a header of 23 bytes, aligned, and a pointer of 4. */
function rowsOfBlock(size: number): number {
  return Math.floor((size - 24) / 28);
}

/** Looks after the tables that a `PostgresSink` writes. */
export class PostgresAdmin implements SinkAdmin {
  readonly description: string;
  readonly #ledger: PostgresLedger;

  /** @param pool Is closed with this. */
  constructor(private readonly pool: PostgresPool, private readonly tables: PostgresTables) {
    this.description = pool.description;
    this.#ledger = new PostgresLedger(tables);
  }

  async check(): Promise<SinkFindings> {
    const problems: string[] = [];
    const notes: string[] = [];
    for (const table of [this.tables.ledger, this.tables.deadLetters]) {
      for (const privilege of PRIVILEGES) {
        const [row] = await this.#all("SELECT has_table_privilege($1, $2) AS granted", table, privilege);
        if (!row.granted) problems.push(`this role may not ${privilege} on ${table}: grant it`);
      }
    }
    const [{ standby, read_only: readOnly }] = await this.#all(
      "SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS read_only",
    );
    if (standby) problems.push("the server is a standby: connect to the primary");
    else if (readOnly === "on") {
      problems.push("transactions are read-only: reset default_transaction_read_only of the role or the database");
    }
    const { version } = this.tables;
    const [{ renews }] = await this.#all("SELECT has_column_privilege($1, 'epoch', 'UPDATE') AS renews", version);
    if (!renews) {
      notes.push(`this role may not UPDATE ${version}: it can run neither 'ledger prune' nor 'ledger renew'`);
    }
    return { problems, notes };
  }

  countCommitted(): Promise<number> {
    return this.pool.use((session) => this.#ledger.countCommitted(session));
  }

  countCommittedOf(requestIds: readonly string[]): Promise<number> {
    return this.pool.use((session) => this.#ledger.countCommittedOf(session, requestIds));
  }

  countRejected(): Promise<number> {
    return this.pool.use((session) => this.#ledger.countRejected(session));
  }

  async readClockMs(): Promise<number> {
    const [{ ms }] = await this.#all("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms");
    return Number(ms);
  }

  async countCommittedBefore(time: string): Promise<number> {
    const sql = `SELECT count(*) AS count FROM ${this.tables.ledger} WHERE committed_at < $1`;
    return Number((await this.#all(sql, time))[0].count);
  }

  async identify(): Promise<LedgerIdentity> {
    const { identity, epoch } = await this.#readSelf();
    return { identity, epoch };
  }

  async readApplyName(): Promise<string | null> {
    return (await this.#readSelf()).applyName;
  }

  #readSelf(): Promise<LedgerRow> {
    return this.pool.use((session) => this.#ledger.readSelf(session, this.description));
  }

  async renew(): Promise<LedgerIdentity> {
    await this.pool.use((session) => this.#ledger.renew(session));
    return await this.identify();
  }

  /**
   * Walks the part of the table that has old rows, a few blocks at a time, so that no step takes longer because there are
   * many rows. Which part that is, the index on the time knows.
   */
  async pruneCommittedBefore(time: string): Promise<number> {
    const { ledger } = this.tables;
    const [{ first, last, size }] = await this.#all(
      `SELECT ${blockOf("min")} AS first, ${blockOf("max")} AS last, current_setting('block_size')::int AS size
        FROM ${ledger} WHERE committed_at < $1::timestamptz`,
      time,
    );
    if (first === null) return 0;
    await this.renew();
    const blocks = Math.max(1, Math.floor(PRUNE_ROWS / rowsOfBlock(size as number)));
    const sql =
      `DELETE FROM ${ledger} WHERE ctid >= $2::text::tid AND ctid < $3::text::tid AND committed_at < $1::timestamptz`;
    let total = 0;
    for (let block = Number(first); block <= Number(last); block += blocks) {
      total += await this.pool.use((session) => session.run(sql, time, `(${block},0)`, `(${block + blocks},0)`));
    }
    await this.#forgetSummaries(Number(first), Number(last));
    return total;
  }

  /**
   * A summary of old rows stays when they are gone, and that part of the table would always be read. Without one it is
   * read until the next vacuum, which makes a new one. Only the owner of the index may do this.
   */
  async #forgetSummaries(first: number, last: number): Promise<void> {
    await this.#all(
      `SELECT count(brin_desummarize_range(index.oid, block)) FROM pg_catalog.pg_class AS index
        JOIN pg_catalog.pg_index ON indexrelid = index.oid JOIN pg_catalog.pg_am AS method ON method.oid = relam,
        generate_series($2::bigint, $3::bigint, ${SUMMARY_BLOCKS}) AS block
        WHERE indrelid = to_regclass($1) AND amname = 'brin' AND pg_has_role(relowner, 'USAGE')`,
      this.tables.ledger,
      first - first % SUMMARY_BLOCKS,
      last,
    );
  }

  async listDeadLetters(limit: number, after?: DeadLetterPlace): Promise<DeadLetter[]> {
    const order = "ORDER BY letter.rejected_at, letter.request_id LIMIT $1";
    const rows = after === undefined ? await this.#all(`${this.#select()} ${order}`, limit) : await this.#all(
      `${this.#select()} WHERE (letter.rejected_at, letter.request_id) > ($2::timestamptz, $3::text) ${order}`,
      limit,
      after.rejectedAt,
      escapeId(after.requestId),
    );
    return rows.map(asDeadLetter);
  }

  async findDeadLetters(requestIds: readonly string[]): Promise<DeadLetter[]> {
    const rows = await this.#all(
      `${this.#select()} JOIN unnest($1::text[]) AS asked (id) ON ${SAME_ID}`,
      [...new Set(requestIds)].map(escapeId),
    );
    return rows.map(asDeadLetter);
  }

  dropDeadLetters(requestIds: readonly string[]): Promise<number> {
    const sql =
      `DELETE FROM ${this.tables.deadLetters} AS letter USING unnest($1::text[]) AS asked (id) WHERE ${SAME_ID}`;
    return this.pool.use((session) => session.run(sql, [...new Set(requestIds)].map(escapeId)));
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  #select(): string {
    return `SELECT letter.request_id, letter.data, letter.partition_key, letter.error_type, letter.error_message,
      letter.batch_id, ${isoUtc("letter.rejected_at")} AS rejected_at FROM ${this.tables.deadLetters} AS letter`;
  }

  #all(sql: string, ...values: readonly PostgresValue[]): Promise<PostgresRow[]> {
    return this.pool.use((session: PostgresSession) => session.all(sql, ...values));
  }
}

const SAME_ID = `(${idHash("letter.request_id")}) = (${idHash('asked.id COLLATE "C"')})`;

function asDeadLetter(row: PostgresRow): DeadLetter {
  return {
    requestId: unescapeId(row.request_id as string),
    data: row.data as string,
    partitionKey: row.partition_key as string | null,
    errorType: row.error_type as string,
    errorMessage: row.error_message as string,
    batchId: row.batch_id as string,
    rejectedAt: row.rejected_at as string,
  };
}
