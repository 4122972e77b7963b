/**
 * Looks after a PostgreSQL ledger.
 *
 * @module
 */

import type { LedgerIdentity } from "../protocol/messages.ts";
import { isoUtc, PostgresLedger } from "./postgres_ledger.ts";
import type { PostgresTables } from "./postgres_names.ts";
import type { PostgresPool } from "./postgres_pool.ts";
import { idHash } from "./postgres_schema.ts";
import type { PostgresSession } from "./postgres_session.ts";
import type { PostgresRow, PostgresValue } from "./postgres_value.ts";
import { type DeadLetter, type DeadLetterPlace, PRUNE_ROWS, type SinkAdmin } from "./sink_admin.ts";

/** What a sink needs of its tables. */
const PRIVILEGES = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/** Looks after the tables that a `PostgresSink` writes. */
export class PostgresAdmin implements SinkAdmin {
  readonly description: string;
  readonly #ledger: PostgresLedger;

  /** @param pool Is closed with this. */
  constructor(private readonly pool: PostgresPool, private readonly tables: PostgresTables) {
    this.description = pool.description;
    this.#ledger = new PostgresLedger(tables);
  }

  async check(): Promise<string[]> {
    const problems: string[] = [];
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
    return problems;
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

  async countCommittedBefore(time: string): Promise<number> {
    const sql = `SELECT count(*) AS count FROM ${this.tables.ledger} WHERE committed_at < $1`;
    return Number((await this.#all(sql, time))[0].count);
  }

  identify(): Promise<LedgerIdentity> {
    return this.pool.use(async (session) => {
      const { identity, epoch } = await this.#ledger.readSelf(session, this.description);
      return { identity, epoch };
    });
  }

  async renew(): Promise<LedgerIdentity> {
    await this.pool.use((session) => this.#ledger.renew(session));
    return await this.identify();
  }

  /** Walks the ledger in the order of its ids, so that no step takes longer because there are many rows. */
  async pruneCommittedBefore(time: string): Promise<number> {
    await this.renew();
    let total = 0;
    let [page] = await this.#all(this.#prune(""), time);
    while (page.last !== null) {
      total += Number(page.count);
      [page] = await this.#all(this.#prune("WHERE request_id > $2"), time, page.last as string);
    }
    return total;
  }

  async listDeadLetters(limit: number, after?: DeadLetterPlace): Promise<DeadLetter[]> {
    const order = "ORDER BY letter.rejected_at, letter.request_id LIMIT $1";
    const rows = after === undefined ? await this.#all(`${this.#select()} ${order}`, limit) : await this.#all(
      `${this.#select()} WHERE (letter.rejected_at, letter.request_id) > ($2::timestamptz, $3::text) ${order}`,
      limit,
      after.rejectedAt,
      after.requestId,
    );
    return rows.map(asDeadLetter);
  }

  async findDeadLetters(requestIds: readonly string[]): Promise<DeadLetter[]> {
    const rows = await this.#all(
      `${this.#select()} JOIN unnest($1::text[]) AS asked (id) ON ${SAME_ID}`,
      [...new Set(requestIds)],
    );
    return rows.map(asDeadLetter);
  }

  dropDeadLetters(requestIds: readonly string[]): Promise<number> {
    const sql =
      `DELETE FROM ${this.tables.deadLetters} AS letter USING unnest($1::text[]) AS asked (id) WHERE ${SAME_ID}`;
    return this.pool.use((session) => session.run(sql, [...new Set(requestIds)]));
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  #select(): string {
    return `SELECT letter.request_id, letter.data, letter.partition_key, letter.error_type, letter.error_message,
      letter.batch_id, ${isoUtc("letter.rejected_at")} AS rejected_at FROM ${this.tables.deadLetters} AS letter`;
  }

  #prune(behind: string): string {
    const { ledger } = this.tables;
    return `WITH page AS (
        SELECT request_id, committed_at FROM ${ledger} ${behind} ORDER BY request_id LIMIT ${PRUNE_ROWS}
      ), gone AS (
        DELETE FROM ${ledger} AS old USING page
        WHERE old.request_id = page.request_id AND page.committed_at < $1::timestamptz RETURNING 1
      )
      SELECT (SELECT max(request_id) FROM page) AS last, (SELECT count(*) FROM gone) AS count`;
  }

  #all(sql: string, ...values: readonly PostgresValue[]): Promise<PostgresRow[]> {
    return this.pool.use((session: PostgresSession) => session.all(sql, ...values));
  }
}

const SAME_ID = `(${idHash("letter.request_id")}) = (${idHash('asked.id COLLATE "C"')})`;

function asDeadLetter(row: PostgresRow): DeadLetter {
  return {
    requestId: row.request_id as string,
    data: row.data as string,
    partitionKey: row.partition_key as string | null,
    errorType: row.error_type as string,
    errorMessage: row.error_message as string,
    batchId: row.batch_id as string,
    rejectedAt: row.rejected_at as string,
  };
}
