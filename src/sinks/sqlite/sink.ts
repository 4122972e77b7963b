/**
 * The embedded sink: a SQLite file, through the `node:sqlite` that is built into the runtime.
 *
 * @module
 */

import { resolve } from "node:path";
import { type Apply, APPLY_TIMEOUT_MS } from "../apply.ts";
import type { LedgerIdentity } from "../../protocol/messages.ts";
import { wholeNumberProblem } from "../../protocol/options.ts";
import { checkLedger, checkNewName, noLedgerRow, unnamedRows } from "../ledger_identity.ts";
import { effectName, type IntoTable } from "../into_table.ts";
import { Serial } from "../serial.ts";
import { type Outcome, type Sink, type SinkBatch, SinkError } from "../sink.ts";
import { SqliteConnection, type StatementObserver } from "./connection.ts";
import { SqliteFlush } from "./flush.ts";
import { fillSqlite } from "./into.ts";
import { SqliteLedger } from "./ledger.ts";
import { insertIdentity, migrateSqlite } from "./schema.ts";
import type { SqliteTransaction } from "./transaction.ts";

/** How long to wait for the write lock, by default, in milliseconds: the fast attempt of a flush has 4 s in all. */
export const LOCK_WAIT_MS = 2_000;

/** Longest wait that an option may ask for, in milliseconds. */
const WAIT_MAX_MS = 600_000;

/** What to open and how. */
export interface SqliteSinkOptions {
  /** The database file, relative to the working directory. It is created where it is missing; its folder must be there. */
  readonly path: string;
  /**
   * The user's own effect of each write, in the transaction of its ledger row.
   *
   * @default The ledger row is the only effect.
   */
  readonly apply?: Apply<SqliteTransaction>;
  /**
   * Names what `apply` does, and is required with it. The ledger keeps the name of the first one, and refuses sinks with
   * another name or without `apply`, whose rows would lack the effect.
   */
  readonly applyName?: string;
  /**
   * A table of the user's to fill from the fields of each write, in the transaction of its ledger row: instead of
   * `apply`.
   */
  readonly into?: IntoTable;
  /**
   * Limit for an `apply` that returns a promise; other processes wait for the lock meanwhile.
   *
   * @default {APPLY_TIMEOUT_MS}
   */
  readonly applyTimeoutMs?: number;
  /**
   * How long to wait for the write lock while other processes hold it. The event loop runs on meanwhile.
   *
   * @default {LOCK_WAIT_MS}
   */
  readonly lockWaitMs?: number;
  /** Told about each statement. */
  readonly onStatement?: StatementObserver;
  /** Told when the ledger is a new one, with its absolute path: with a mistake in the path it is not the one that was meant. */
  readonly onNewLedger?: (path: string) => void;
}

/**
 * Writes batches to a SQLite file, each in one transaction that is on the disk (`synchronous = FULL`) when `write`
 * returns.
 *
 * Any number of processes of one machine may use the same file; it must not be on a network file system. Calls of one
 * sink run one after the other, so `apply` must not call its own sink.
 */
export class SqliteSink implements Sink {
  readonly description: string;
  readonly #connection: SqliteConnection;
  readonly #ledger: SqliteLedger;
  readonly #flush: SqliteFlush;
  readonly #serial = new Serial();
  #closed = false;

  private constructor(path: string, connection: SqliteConnection, ledger: SqliteLedger, flush: SqliteFlush) {
    this.description = `sqlite:${path}`;
    this.#connection = connection;
    this.#ledger = ledger;
    this.#flush = flush;
  }

  /**
   * Opens a ledger, and creates it where it is missing.
   *
   * @throws {SinkError} If an option is wrong, or the file cannot be opened, is not a SQLite database, or holds tables
   * of a later version or rows of another effect, or no table to fill.
   */
  static async open(options: SqliteSinkOptions): Promise<SqliteSink> {
    const { into, applyTimeoutMs = APPLY_TIMEOUT_MS, lockWaitMs = LOCK_WAIT_MS } = options;
    checkPath(options.path);
    const applyName = effectName(options);
    checkMilliseconds("applyTimeoutMs", applyTimeoutMs);
    checkMilliseconds("lockWaitMs", lockWaitMs);
    const path = resolve(options.path);
    const connection = await SqliteConnection.open(path, lockWaitMs, { onStatement: options.onStatement });
    try {
      const description = `sqlite:${path}`;
      const apply = into === undefined ? options.apply : fillSqlite(connection, into, description);
      if (await migrateSqlite(connection, lockWaitMs) === 0) options.onNewLedger?.(path);
      const ledger = new SqliteLedger(connection);
      await checkEffect(connection, ledger, applyName, lockWaitMs, description);
      const flush = new SqliteFlush(connection, ledger, { apply, applyName, applyTimeoutMs, lockWaitMs, description });
      return new SqliteSink(path, connection, ledger, flush);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  write(batch: SinkBatch): Promise<Outcome[]> {
    return this.#run(() => {
      if (!batch.batchId.isWellFormed() || batch.batchId.includes("\0")) {
        throw new SinkError("setup", "no", "Cannot write a batch as its 'batchId' holds NUL or a lone surrogate");
      }
      return batch.writes.length === 0 ? [] : this.#flush.write(batch);
    });
  }

  identify(): Promise<LedgerIdentity> {
    return this.#run(() => {
      const self = this.#ledger.readSelf();
      if (self === undefined) throw noLedgerRow(this.description);
      return { identity: self.identity, epoch: self.epoch };
    });
  }

  countCommitted(): Promise<number> {
    return this.#run(() => this.#ledger.countCommitted());
  }

  countCommittedOf(requestIds: readonly string[]): Promise<number> {
    return this.#run(() => this.#ledger.countCommittedOf(requestIds));
  }

  countRejected(): Promise<number> {
    return this.#run(() => this.#ledger.countRejected());
  }

  /** Closes the file when the calls before it have ended. A second call does nothing. */
  close(): Promise<void> {
    return this.#serial.run(() => {
      this.#closed = true;
      this.#connection.close();
    });
  }

  /** One call at a time: all of them share the connection, and with it the transaction of a `write` under way. */
  #run<T>(call: () => T | Promise<T>): Promise<T> {
    return this.#serial.run(() => {
      if (this.#closed) throw new SinkError("setup", "no", `Cannot use '${this.description}' after it was closed`);
      return call();
    });
  }
}

/**
 * Makes sure that the ledger's rows go through this effect. A ledger without rows takes the first name that it is given.
 */
async function checkEffect(
  connection: SqliteConnection,
  ledger: SqliteLedger,
  applyName: string | null,
  lockWaitMs: number,
  description: string,
): Promise<void> {
  const self = ledger.readSelf();
  if (self === undefined) throw noLedgerRow(description);
  if (self.applyName !== null || applyName === null) return checkLedger(self, applyName, undefined, description);
  await connection.begin(lockWaitMs);
  try {
    if (ledger.readSelf()?.applyName === null) {
      if (ledger.hasRows) throw unnamedRows(applyName, description);
      ledger.setApplyName(applyName);
    }
    checkLedger(ledger.readSelf()!, applyName, undefined, description);
    connection.commit();
  } catch (error) {
    connection.rollback();
    throw error;
  }
}

/**
 * Creates the tables of a ledger, or brings them to the version that this code knows; `SqliteSink.open` does it too. Also
 * gives the ledger an identity where that was lost.
 *
 * @param applyName Changes the name of the effect that the ledger's rows go through, `null` to none.
 * @returns The version before, 0 for none.
 * @throws {SinkError} As `SqliteSink.open` does, and if the ledger has rows, `applyName` is not given, and the name that
 * it had is lost.
 */
export async function migrateSqliteSink({ path }: Pick<SqliteSinkOptions, "path">, applyName?: string | null): Promise<
  number
> {
  checkPath(path);
  if (typeof applyName === "string") checkNewName(applyName);
  const file = resolve(path);
  const connection = await SqliteConnection.open(file, LOCK_WAIT_MS);
  try {
    const version = await migrateSqlite(connection, LOCK_WAIT_MS);
    const ledger = new SqliteLedger(connection);
    if (applyName === undefined && ledger.readSelf() !== undefined) return version;
    await connection.begin(LOCK_WAIT_MS);
    if (ledger.readSelf() === undefined) {
      if (applyName === undefined && ledger.hasRows) throw noLedgerRow(`sqlite:${file}`);
      insertIdentity(connection);
    }
    if (applyName !== undefined) ledger.setApplyName(applyName);
    connection.commit();
    return version;
  } finally {
    connection.close();
  }
}

function checkPath(path: string): void {
  if (path !== "" && path !== ":memory:" && !path.includes("\0")) return;
  const message = `Cannot open the sink as 'path' must name a file that other connections can open too: ` +
    `current value is ${JSON.stringify(path)}`;
  throw new SinkError("setup", "no", message);
}

function checkMilliseconds(name: string, value: number): void {
  const problem = wholeNumberProblem(name, value, 1, WAIT_MAX_MS);
  if (problem !== undefined) throw new SinkError("setup", "no", `Cannot open the sink as ${problem}`);
}
