/**
 * A bank: accounts, and writes that move amounts between them. The sum of the balances and the table of transfers prove
 * what was applied, and how often.
 *
 * @module
 */
import type { Apply } from "../../src/sinks/apply.ts";
import type { PostgresTransaction } from "../../src/sinks/postgres/transaction.ts";
import type { SqliteTransaction } from "../../src/sinks/sqlite/transaction.ts";

/** How many accounts there are: `acc-0`, `acc-1` and so on. */
export const ACCOUNTS = 100;

/** What is on each at the start. */
export const START_BALANCE = 1_000;

/** The row of a write. A bad one names an account that there is not, moves nothing, or more than there is. */
export interface Transfer {
  readonly payer: string;
  readonly payee: string;
  readonly amount: number;
}

/** The tables, in SQL that both databases understand. */
export function bankTables(schema = ""): string[] {
  return [
    `CREATE TABLE ${schema}accounts (id text PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0))`,
    `CREATE TABLE ${schema}transfers (request_id text PRIMARY KEY,
      payer text NOT NULL REFERENCES ${schema}accounts (id), payee text NOT NULL REFERENCES ${schema}accounts (id),
      amount bigint NOT NULL CHECK (amount > 0))`,
    ...Array.from(
      { length: ACCOUNTS },
      (_, i) => `INSERT INTO ${schema}accounts VALUES ('acc-${i}', ${START_BALANCE})`,
    ),
  ];
}

/** Applies transfers one by one: statements of SQLite do not travel. */
export const applyToSqlite: Apply<SqliteTransaction> = (tx, writes) => {
  for (const { requestId, data } of writes) {
    const { payer, payee, amount } = data as Transfer;
    // SQLite would store text in a column for numbers.
    if (!Number.isInteger(amount)) throw new TypeError("'amount' must be a whole number");
    tx.run(
      "INSERT INTO transfers (request_id, payer, payee, amount) VALUES (?, ?, ?, ?)",
      requestId,
      payer,
      payee,
      amount,
    );
    tx.run("UPDATE accounts SET balance = balance - ? WHERE id = ?", amount, payer);
    tx.run("UPDATE accounts SET balance = balance + ? WHERE id = ?", amount, payee);
  }
};

/** Applies the transfers of a batch by two statements, however many they are. */
export function applyToPostgres(schema: string): Apply<PostgresTransaction> {
  return async (tx, writes) => {
    const transfers = writes.map(({ data }) => data as Transfer);
    await tx.run(
      `INSERT INTO ${schema}transfers (request_id, payer, payee, amount)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])`,
      writes.map(({ requestId }) => requestId),
      transfers.map(({ payer }) => payer),
      transfers.map(({ payee }) => payee),
      transfers.map(({ amount }) => amount),
    );
    await tx.run(
      `UPDATE ${schema}accounts SET balance = balance + change FROM (
          SELECT account, sum(amount) AS change
          FROM unnest($1::text[] || $2::text[], $3::bigint[] || $4::bigint[]) AS moves (account, amount)
          GROUP BY account
        ) AS changes WHERE id = account`,
      transfers.map(({ payer }) => payer),
      transfers.map(({ payee }) => payee),
      transfers.map(({ amount }) => -amount),
      transfers.map(({ amount }) => amount),
    );
  };
}
