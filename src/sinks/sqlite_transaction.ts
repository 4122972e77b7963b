/**
 * The transaction that `apply` gets from a SQLite sink.
 *
 * @module
 */

import { SinkError } from "./sink.ts";
import type { SqliteConnection } from "./sqlite_connection.ts";
import type { SqliteRow, SqliteValue } from "./sqlite_value.ts";

/**
 * Runs the statements of one `apply` call, in the transaction of its batch.
 *
 * A statement that fails is undone by itself. A refused row (constraint, type) throws a `RowFault` whose `errorType` is
 * the SQLite code's name; a value that would be silently changed (an object, text with a lone surrogate) throws one too.
 * Do not begin, commit or roll back a transaction with it.
 *
 * @example An account ledger: each write moves an amount, and the sum of the balances stays the same
 * ```ts
 * import type { Apply } from "./apply.ts";
 * import { SqliteSink } from "./sqlite_sink.ts";
 * import type { SqliteTransaction } from "./sqlite_transaction.ts";
 *
 * const moveAmounts: Apply<SqliteTransaction> = (tx, writes) => {
 *   for (const { data } of writes) {
 *     const { payer, payee, amount } = data as { payer: string; payee: string; amount: number };
 *     const paid = tx.run("UPDATE accounts SET balance = balance - ? WHERE id = ?", amount, payer);
 *     const got = tx.run("UPDATE accounts SET balance = balance + ? WHERE id = ?", amount, payee);
 *     if (paid + got !== 2) throw new Error("there is no such account");
 *   }
 * };
 *
 * const openBank = (path: string) => SqliteSink.open({ path, apply: moveAmounts });
 * ```
 */
export class SqliteTransaction {
  #connection: SqliteConnection | undefined;

  /** @param connection Is in a transaction until {@linkcode SqliteTransaction.end} is called. */
  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /**
   * Runs a statement.
   *
   * @param sql One statement, with `?` for each value; it is prepared once and kept.
   * @returns How many rows it changed.
   */
  run(sql: string, ...values: readonly SqliteValue[]): number {
    return this.#open().run(sql, ...values);
  }

  /** Runs a query and returns its rows. */
  all(sql: string, ...values: readonly SqliteValue[]): SqliteRow[] {
    return this.#open().all(sql, ...values);
  }

  /** Refuses all later statements: those of a promise that nobody awaited would run outside the transaction. */
  end(): void {
    this.#connection = undefined;
  }

  #open(): SqliteConnection {
    if (this.#connection === undefined) {
      throw new SinkError("setup", "no", "Cannot use the transaction of 'apply' after it has ended: await every call");
    }
    return this.#connection;
  }
}
