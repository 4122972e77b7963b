/**
 * The transaction that `apply` gets from a PostgreSQL sink.
 *
 * @module
 */

import type { PostgresSession } from "./session.ts";
import type { PostgresRow, PostgresValue } from "./value.ts";
import { SinkError } from "../sink.ts";
import { type CommentRules, readWord, refuseControl } from "../transaction_control.ts";

/** Comments as PostgreSQL reads them. */
export const POSTGRES_COMMENTS: CommentRules = { nested: true, lineEnd: /[\n\r]/g };

/**
 * Runs the statements of one `apply` call, in the transaction of its batch.
 *
 * A statement that fails ends the attempt, even if `apply` catches its error: PostgreSQL refuses all that come after it.
 * A refused row (constraint, type, `RAISE`) throws a `RowFault` whose `errorType` is the SQLSTATE. Statements that begin
 * or end a transaction or a savepoint are refused, and so is `COPY` from or to the client. The transaction goes on when
 * all statements have ended, also those that `apply` did not await.
 *
 * @example An account ledger: each write moves an amount, and the sum of the balances stays the same
 * ```ts
 * import type { Apply } from "../apply.ts";
 * import { PostgresSink } from "./sink.ts";
 * import type { PostgresTransaction } from "./transaction.ts";
 *
 * interface Transfer {
 *   payer: string;
 *   payee: string;
 *   amount: number;
 * }
 *
 * const moveAmounts: Apply<PostgresTransaction> = async (tx, writes) => {
 *   const transfers = writes.map(({ data }) => data as Transfer);
 *   const changed = await tx.run(
 *     `UPDATE accounts SET balance = balance + change FROM (
 *         SELECT account, sum(amount) AS change
 *         FROM unnest($1::text[] || $2::text[], $3::bigint[] || $4::bigint[]) AS moves (account, amount)
 *         GROUP BY account
 *       ) AS changes WHERE id = account`,
 *     transfers.map(({ payer }) => payer),
 *     transfers.map(({ payee }) => payee),
 *     transfers.map(({ amount }) => -amount),
 *     transfers.map(({ amount }) => amount),
 *   );
 *   const accounts = new Set(transfers.flatMap(({ payer, payee }) => [payer, payee]));
 *   if (changed !== accounts.size) throw new Error("there is no such account");
 * };
 *
 * const openBank = (url: string) => PostgresSink.open({ url, apply: moveAmounts, applyName: "bank" });
 * ```
 */
export class PostgresTransaction {
  #session: PostgresSession | undefined;
  readonly #running = new Set<Promise<unknown>>();
  #failure: unknown;

  /** @param session Is in a transaction until {@linkcode PostgresTransaction.end} is called. */
  constructor(session: PostgresSession) {
    this.#session = session;
  }

  /**
   * Runs a statement.
   *
   * @param sql One statement, with `$1` for the first value; it is prepared once and kept.
   * @returns How many rows it changed.
   */
  run(sql: string, ...values: readonly PostgresValue[]): Promise<number> {
    return this.#call(sql, (session) => session.run(sql, ...values));
  }

  /** Runs a query and returns its rows. */
  all(sql: string, ...values: readonly PostgresValue[]): Promise<PostgresRow[]> {
    return this.#call(sql, (session) => session.all(sql, ...values));
  }

  /**
   * Waits for every statement, awaited by `apply` or not.
   *
   * @throws The error of the first statement that did not go well.
   */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Refuses all later statements, which would run outside the transaction, and waits for those that run. */
  async end(): Promise<void> {
    this.#session = undefined;
    await Promise.allSettled(this.#running);
  }

  #call<T>(sql: string, use: (session: PostgresSession) => Promise<T>): Promise<T> {
    const call = this.#use(sql, use);
    this.#running.add(call);
    const end = () => this.#running.delete(call);
    // A failure that nobody awaits would end the process; `settle` tells of it.
    call.then(end, end);
    return call;
  }

  async #use<T>(sql: string, use: (session: PostgresSession) => Promise<T>): Promise<T> {
    try {
      if (this.#session === undefined) {
        throw new SinkError(
          "setup",
          "no",
          "Cannot use the transaction of 'apply' after it has ended: await every call",
        );
      }
      refuseControl(sql, POSTGRES_COMMENTS);
      refuseCopy(sql);
      return await use(this.#session);
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }
}

/** The driver would wait for rows that nobody sends, or have nobody to give them to. */
function refuseCopy(sql: string): void {
  if (readWord(sql, 0, POSTGRES_COMMENTS)[0] !== "copy" || !/\bstd(?:in|out)\b/i.test(sql)) return;
  throw new SinkError("setup", "no", "'apply' must not COPY from STDIN or to STDOUT: INSERT from unnest, or SELECT");
}
