/**
 * Looks after a SQLite ledger.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { LedgerIdentity } from "../../protocol/messages.ts";
import { type LedgerRow, noLedgerRow } from "../ledger_identity.ts";
import { SinkError } from "../sink.ts";
import { type DeadLetter, type DeadLetterPlace, PRUNE_ROWS, type SinkAdmin, type SinkFindings } from "../sink_admin.ts";
import { SqliteConnection } from "./connection.ts";
import { SqliteLedger } from "./ledger.ts";
import { migrateSqlite, readSqliteVersion } from "./schema.ts";
import type { SqliteRow } from "./value.ts";
import { escapeId, unescapeId } from "../storable_text.ts";

/** How long to wait for the write lock, in milliseconds: nobody waits for a person's command. */
const LOCK_WAIT_MS = 10_000;

// As bytes: node:sqlite cuts text that it returns at the first NUL.
const SELECT = `SELECT ${
  ["request_id", "data", "partition_key", "error_type", "error_message", "batch_id", "rejected_at"]
    .map((column) => `CAST(${column} AS BLOB) AS ${column}`).join(", ")
} FROM rejected_writes`;

const ORDER = "ORDER BY rejected_at, request_id LIMIT ?";

const BEFORE = "FROM batched_writes WHERE committed_at < ?";

const AMONG = "WHERE request_id IN (SELECT value FROM json_each(?))";

/** Looks after the tables that a `SqliteSink` writes. */
export class SqliteAdmin implements SinkAdmin {
  readonly description: string;
  readonly #connection: SqliteConnection;
  readonly #ledger: SqliteLedger;

  private constructor(path: string, connection: SqliteConnection) {
    this.description = `sqlite:${path}`;
    this.#connection = connection;
    this.#ledger = new SqliteLedger(connection);
  }

  /**
   * Opens a ledger that is there.
   *
   * @throws {SinkError} If it is not, or cannot be opened. A file without a ledger is left as it is.
   */
  static async open(path: string): Promise<SqliteAdmin> {
    const file = resolve(path);
    if (!existsSync(file)) {
      throw new SinkError("setup", "no", `Cannot open the ledger '${file}': there is no such file`);
    }
    const check = (foreign: SqliteConnection) => {
      if (readSqliteVersion(foreign) > 0) return;
      const message =
        `Cannot open the ledger '${file}': the file holds none: run 'deno task sink migrate' with this --sink`;
      throw new SinkError("setup", "no", message);
    };
    const connection = await SqliteConnection.open(file, LOCK_WAIT_MS, { check });
    try {
      await migrateSqlite(connection, LOCK_WAIT_MS);
      return new SqliteAdmin(file, connection);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  check(): Promise<SinkFindings> {
    return this.#call(() => {
      const rows = this.#connection.all("PRAGMA quick_check").map((row) => `${row.quick_check}`);
      const damages = rows.filter((text) => text !== "ok");
      return { problems: damages.map((text) => `the file is damaged (${text}): restore it from a backup`), notes: [] };
    });
  }

  countCommitted(): Promise<number> {
    return this.#call(() => this.#ledger.countCommitted());
  }

  countCommittedOf(requestIds: readonly string[]): Promise<number> {
    return this.#call(() => this.#ledger.countCommittedOf(requestIds));
  }

  countRejected(): Promise<number> {
    return this.#call(() => this.#ledger.countRejected());
  }

  /** A file has no clock: rows have the time of the process that wrote them, and this is that of ours. */
  readClockMs(): Promise<number> {
    return this.#call(() => Date.now());
  }

  countCommittedBefore(time: string): Promise<number> {
    return this.#call(() => Number(this.#connection.all(`SELECT count(*) AS count ${BEFORE}`, time)[0].count));
  }

  async identify(): Promise<LedgerIdentity> {
    const { identity, epoch } = await this.#readSelf();
    return { identity, epoch };
  }

  async readApplyName(): Promise<string | null> {
    return (await this.#readSelf()).applyName;
  }

  #readSelf(): Promise<LedgerRow> {
    return this.#call(() => {
      const self = this.#ledger.readSelf();
      if (self === undefined) throw noLedgerRow(this.description);
      return self;
    });
  }

  async renew(): Promise<LedgerIdentity> {
    await this.#transaction(() => this.#ledger.renew());
    return await this.identify();
  }

  async pruneCommittedBefore(time: string): Promise<number> {
    await this.renew();
    const sql = `DELETE FROM batched_writes WHERE rowid IN (SELECT rowid ${BEFORE} LIMIT ${PRUNE_ROWS})`;
    let total = 0;
    for (let deleted = PRUNE_ROWS; deleted === PRUNE_ROWS; total += deleted) {
      deleted = await this.#transaction(() => this.#connection.run(sql, time));
    }
    return total;
  }

  listDeadLetters(limit: number, after?: DeadLetterPlace): Promise<DeadLetter[]> {
    return this.#call(() => {
      const rows = after === undefined ? this.#connection.all(`${SELECT} ${ORDER}`, limit) : this.#connection.all(
        `${SELECT} WHERE (rejected_at, request_id) > (?, ?) ${ORDER}`,
        after.rejectedAt,
        escapeId(after.requestId),
        limit,
      );
      return rows.map(asDeadLetter);
    });
  }

  findDeadLetters(requestIds: readonly string[]): Promise<DeadLetter[]> {
    return this.#call(() =>
      this.#connection.all(`${SELECT} ${AMONG}`, JSON.stringify(requestIds.map(escapeId))).map(asDeadLetter)
    );
  }

  dropDeadLetters(requestIds: readonly string[]): Promise<number> {
    const sql = `DELETE FROM rejected_writes ${AMONG}`;
    return this.#transaction(() => this.#connection.run(sql, JSON.stringify(requestIds.map(escapeId))));
  }

  close(): Promise<void> {
    return this.#call(() => this.#connection.close());
  }

  // deno-lint-ignore require-await -- every failure is to come as a rejection
  async #call<T>(call: () => T): Promise<T> {
    return call();
  }

  async #transaction<T>(body: () => T): Promise<T> {
    await this.#connection.begin(LOCK_WAIT_MS);
    try {
      const value = body();
      this.#connection.commit();
      return value;
    } catch (error) {
      this.#connection.rollback();
      throw error;
    }
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function asDeadLetter(row: SqliteRow): DeadLetter {
  const text = (column: string) => decoder.decode(row[column] as Uint8Array);
  return {
    requestId: unescapeId(text("request_id")),
    data: text("data"),
    partitionKey: row.partition_key === null ? null : text("partition_key"),
    errorType: text("error_type"),
    errorMessage: text("error_message"),
    batchId: text("batch_id"),
    rejectedAt: text("rejected_at"),
  };
}
