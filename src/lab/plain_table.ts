/**
 * A table without a ledger: what a system has that inserts its rows and thinks no further.
 *
 * @module
 */

import { resolve } from "node:path";
import { Serial } from "../sinks/serial.ts";
import { SqliteConnection, type StatementObserver } from "../sinks/sqlite/connection.ts";
import { whileLocked } from "../sinks/sqlite/lock.ts";

/** One row to insert. */
export interface PlainRow {
  readonly requestId: string;
  /** JSON text. */
  readonly data: string;
}

/** What to open and how. */
export interface PlainTableOptions {
  /** The SQLite file. It and the table are created where they are missing; its folder must be there. */
  readonly path: string;
  readonly table: string;
  /** Told about each statement. */
  readonly onStatement?: StatementObserver;
}

/** How long to wait for the write lock while other processes hold it: as `SqliteSink` does. */
const LOCK_WAIT_MS = 2_000;

/**
 * Inserts rows, a call in one transaction that is on the disk when it returns: the settings of `SqliteSink`, none of its
 * protection. The request id is a column and no key, so what is written twice is there twice; one row that the database
 * refuses fails its whole call.
 */
export class PlainTable {
  readonly description: string;
  readonly #connection: SqliteConnection;
  readonly #insert: string;
  readonly #serial = new Serial();

  private constructor(connection: SqliteConnection, path: string, table: string) {
    this.description = `${table} in sqlite:${path}`;
    this.#connection = connection;
    this.#insert = `INSERT INTO ${table} (request_id, data, batch_id, committed_at) VALUES (?, ?, ?, ?)`;
  }

  /**
   * Opens a table, and creates it where it is missing.
   *
   * @throws {SinkError} If the file cannot be opened or is not a SQLite database.
   */
  static async open({ path, table, onStatement }: PlainTableOptions): Promise<PlainTable> {
    const file = resolve(path);
    const connection = await SqliteConnection.open(file, LOCK_WAIT_MS, { onStatement });
    try {
      await whileLocked(LOCK_WAIT_MS, () =>
        connection.run(
          `CREATE TABLE IF NOT EXISTS ${table} (
            request_id TEXT NOT NULL,
            data TEXT NOT NULL,
            batch_id TEXT NOT NULL,
            committed_at TEXT NOT NULL
          )`,
        ));
      return new PlainTable(connection, file, table);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /**
   * Inserts rows in one transaction.
   *
   * @throws {RowFault} If the database refuses one of the rows; none is written.
   * @throws {SinkError} If they could not be written.
   */
  write(batchId: string, rows: readonly PlainRow[]): Promise<void> {
    return this.#serial.run(async () => {
      const at = new Date().toISOString();
      await this.#connection.begin(LOCK_WAIT_MS);
      try {
        for (const { requestId, data } of rows) this.#connection.run(this.#insert, requestId, data, batchId, at);
        this.#connection.commit();
      } catch (error) {
        this.#connection.rollback();
        throw error;
      }
    });
  }

  /** Closes the file when the calls before it have ended. */
  close(): Promise<void> {
    return this.#serial.run(() => this.#connection.close());
  }
}
