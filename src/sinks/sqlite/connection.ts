/**
 * One connection to a SQLite file whose errors say who is at fault.
 *
 * @module
 */

import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { RowFault } from "../isolate.ts";
import { SinkError } from "../sink.ts";
import { classifySqliteError, type SqliteFault } from "./errors.ts";
import { whileLocked } from "./lock.ts";
import { checkSqliteValue, type SqliteRow, type SqliteValue } from "./value.ts";

/**
 * How long SQLite itself waits for a lock, in milliseconds. It blocks the event loop meanwhile, and with it every
 * heartbeat of this process; longer waits sleep instead.
 */
const BUSY_TIMEOUT_MS = 10;

/** Most prepared statements that are kept; `apply` may build SQL text without end. */
const STATEMENTS_MAX = 100;

/**
 * WAL so that readers never wait; FULL so that a commit is on the disk before it is answered. With random request ids
 * the cache (32 MiB) and the longer log (16 MiB) between checkpoints doubled the rate of the ledger.
 */
const PRAGMAS = ["synchronous = FULL", "cache_size = -32768", "wal_autocheckpoint = 4000"];

/** Is told about each statement that has run, and how many rows it changed: what a database would count. */
export type StatementObserver = (sql: string, changes: number) => void;

/** A connection. Every method throws {@linkcode RowFault} or a {@linkcode SinkError} that wrote nothing. */
export class SqliteConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #path: string;
  readonly #fileId: string | undefined;
  readonly #onStatement: StatementObserver | undefined;

  private constructor(path: string, onStatement: StatementObserver | undefined) {
    this.#path = path;
    this.#onStatement = onStatement;
    const folder = dirname(path);
    if (!existsSync(folder)) {
      const message =
        `Cannot open the SQLite file '${path}': there is no folder '${folder}': create it, or correct the path`;
      throw new SinkError("setup", "no", message);
    }
    try {
      this.#database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    } catch (error) {
      const { message } = error as Error;
      throw new SinkError("setup", "no", `Cannot open the SQLite file '${path}': ${message}`, { cause: error });
    }
    // Added in Node 22.16. Without it an open transaction goes unnoticed.
    if (this.#database.isTransaction === undefined) {
      this.#database.close();
      const message = `Cannot use SQLite with Node ${process.versions.node}: it must be 22.16 or newer`;
      throw new SinkError("setup", "no", message);
    }
    this.#fileId = fileId(path);
  }

  /**
   * Opens a file, and creates it where it is missing. Its folder must be there: a new one is more likely a mistake in the
   * path than a wish.
   *
   * @param path An absolute path.
   * @param lockWaitMs How long to wait for other connections.
   * @param check Looks at the file before anything in it is changed, and throws to leave it alone.
   * @param onStatement Told about each statement.
   * @throws {SinkError} If the file cannot be opened or is not a database, or its folder is missing.
   */
  static async open(
    path: string,
    lockWaitMs: number,
    { check = () => {}, onStatement }: {
      check?: (connection: SqliteConnection) => void;
      onStatement?: StatementObserver;
    } = {},
  ): Promise<SqliteConnection> {
    const connection = new SqliteConnection(path, onStatement);
    try {
      await whileLocked(lockWaitMs, () => check(connection));
      const mode = await whileLocked(lockWaitMs, () => connection.all("PRAGMA journal_mode = WAL"));
      if (mode[0]?.journal_mode !== "wal") {
        throw new SinkError("setup", "no", `Cannot use '${path}': SQLite cannot keep a write-ahead log there`);
      }
      for (const pragma of PRAGMAS) connection.run(`PRAGMA ${pragma}`);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Whether a transaction is open. SQLite ends one by itself after some errors. */
  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /** Runs a statement and returns how many rows it changed. */
  run(sql: string, ...values: readonly SqliteValue[]): number {
    const changes = Number(this.#call(sql, values, (statement) => statement.run(...values).changes));
    this.#onStatement?.(sql, changes);
    return changes;
  }

  /** Runs a statement and returns its rows. */
  all(sql: string, ...values: readonly SqliteValue[]): SqliteRow[] {
    const rows = this.#call(sql, values, (statement) => statement.all(...values));
    this.#onStatement?.(sql, 0);
    return rows;
  }

  /**
   * Begins a transaction that holds the write lock.
   *
   * @throws {SinkError} If other connections hold the lock for all of `lockWaitMs`, or the file is no longer there.
   */
  async begin(lockWaitMs: number): Promise<void> {
    this.rollback();
    if (this.inTransaction) {
      throw new SinkError("unavailable", "no", `SQLite file '${this.#path}': a failed transaction cannot be undone`);
    }
    await whileLocked(lockWaitMs, () => {
      this.#checkFile();
      this.run("BEGIN IMMEDIATE");
    });
  }

  /**
   * Commits. When it throws, the transaction has ended as well.
   *
   * @throws {RowFault} If a deferred constraint refuses a row; nothing was written.
   * @throws {SinkError} If it failed. `wrote` is `"unknown"` unless SQLite refused before it wrote anything.
   */
  commit(): void {
    try {
      this.#statement("COMMIT").run();
      this.#onStatement?.("COMMIT", 0);
    } catch (error) {
      const fault = classifySqliteError(error);
      this.rollback();
      if (fault.refusesCommit) throw this.#toError(fault, error);
      throw this.#sinkError(fault.kind === "setup" ? "setup" : "unavailable", "unknown", fault, error);
    }
  }

  /** Undoes the open transaction, if there is one. An error is not reported: the error that led here is. */
  rollback(): void {
    try {
      if (!this.inTransaction) return;
      this.#statement("ROLLBACK").run();
      this.#onStatement?.("ROLLBACK", 0);
    } catch {
      // `begin` tries again, and refuses to go on with a transaction that is still open.
    }
  }

  /** Closes the file. A second call does nothing. */
  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #call<T>(sql: string, values: readonly SqliteValue[], use: (statement: StatementSync) => T): T {
    for (const value of values) checkSqliteValue(value);
    try {
      return use(this.#statement(sql));
    } catch (error) {
      const fault = classifySqliteError(error);
      // SQLITE_ERROR of a statement that compiles is about its values, such as text that is not JSON.
      const row = fault.name === "SQLITE_ERROR" && this.#compiles(sql);
      throw this.#toError(row ? { ...fault, kind: "row" } : fault, error);
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #compiles(sql: string): boolean {
    try {
      this.#database.prepare(sql);
      return true;
    } catch {
      return false;
    }
  }

  /** SQLite goes on writing to a file that was moved or deleted, and the rows are lost when it is closed. */
  #checkFile(): void {
    if (fileId(this.#path) === this.#fileId) return;
    const message = `Cannot write to '${this.#path}': the file was moved, deleted or replaced while it was in use; ` +
      "put it back or restart";
    throw new SinkError("setup", "no", message);
  }

  #toError(fault: SqliteFault, cause: unknown): RowFault | SinkError {
    if (fault.kind === "row") return new RowFault(fault.name, (cause as Error).message, { cause });
    return this.#sinkError(fault.kind, "no", fault, cause);
  }

  #sinkError(kind: SinkError["kind"], wrote: SinkError["wrote"], fault: SqliteFault, cause: unknown): SinkError {
    const { message } = cause as Error;
    return new SinkError(kind, wrote, `SQLite file '${this.#path}': ${fault.name} (${message}): ${fault.advice}`, {
      cause,
    });
  }
}

function fileId(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.dev}/${stat.ino}`;
}
