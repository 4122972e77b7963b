/**
 * The transaction that `apply` gets from a SQLite sink.
 *
 * @module
 */

import { SinkError } from "../sink.ts";
import type { SqliteConnection } from "./connection.ts";
import type { SqliteRow, SqliteValue } from "./value.ts";
import { type CommentRules, refuseControl } from "../transaction_control.ts";

/** Comments as SQLite reads them. */
export const SQLITE_COMMENTS: CommentRules = { nested: false, lineEnd: /\n/g };

/** What to say when a statement has ended the batch's transaction. */
export const ENDED_INSIDE = "The batch's transaction was ended from inside: 'apply' must not use OR ROLLBACK, and " +
  "triggers must use RAISE(ABORT)";

/**
 * Runs the statements of one `apply` call, in the transaction of its batch.
 *
 * A statement that fails is undone by itself. A refused row (constraint, type) throws a `RowFault` whose `errorType` is
 * the SQLite code's name; a value that would be silently changed (an object, text with a lone surrogate) throws one too.
 * Statements that begin or end a transaction or a savepoint are refused, and so is every statement after one that ended
 * the transaction by itself, as a trigger with `RAISE(ROLLBACK)` does.
 *
 * @example An account ledger: each write moves an amount, and the sum of the balances stays the same
 * ```ts
 * import type { Apply } from "../apply.ts";
 * import { SqliteSink } from "./sink.ts";
 * import type { SqliteTransaction } from "./transaction.ts";
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
 * const openBank = (path: string) => SqliteSink.open({ path, apply: moveAmounts, applyName: "bank" });
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
    return this.#use(sql).run(sql, ...values);
  }

  /** Runs a query and returns its rows. */
  all(sql: string, ...values: readonly SqliteValue[]): SqliteRow[] {
    return this.#use(sql).all(sql, ...values);
  }

  /** Refuses all later statements: those of a promise that nobody awaited would run outside the transaction. */
  end(): void {
    this.#connection = undefined;
  }

  #use(sql: string): SqliteConnection {
    if (this.#connection === undefined) {
      throw new SinkError("setup", "no", "Cannot use the transaction of 'apply' after it has ended: await every call");
    }
    refuseControl(sql, SQLITE_COMMENTS);
    if (!this.#connection.inTransaction) throw new SinkError("setup", "no", ENDED_INSIDE);
    return this.#connection;
  }
}
