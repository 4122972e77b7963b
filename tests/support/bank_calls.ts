/**
 * Callers of the bank, and what is in its tables afterwards.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import type postgres from "postgres";
import { canonicalJson } from "../../src/client/canonical_json.ts";
import type { BatchWriter } from "../../src/client/batch_writer.ts";
import { WriteError } from "../../src/protocol/failures.ts";
import type { Receipt } from "../../src/protocol/write.ts";
import { isoUtc } from "../../src/sinks/postgres/ledger.ts";
import { ACCOUNTS, type Transfer } from "./bank.ts";

/** One call of a caller. */
export interface BankWrite {
  readonly requestId: string;
  readonly data: Transfer;
  /** The row as it would be stored. */
  readonly text: string;
}

/** What a caller was told. */
export interface Told {
  readonly write: BankWrite;
  readonly receipt?: Receipt;
  /** Type of the failure, if there is no receipt. */
  readonly errorType?: string;
}

/** What the tables hold, by request id. */
export interface BankRows {
  readonly ledger: ReadonlyMap<string, { data: string; batchId: string; committedAt: string }>;
  readonly deadLetters: ReadonlySet<string>;
  readonly transfers: ReadonlyMap<string, Transfer>;
  readonly balances: readonly { id: string; balance: number }[];
}

/** Of 100 calls: so many repeat a write, use its id for another one, or are bad. */
const REPEATS = 8;
const CONFLICTS = 3;
const BAD = 2;

/** How often a caller asks about one write. */
const TRIES_MAX = 5;

/** Calls of one caller at one time. */
const IN_FLIGHT = 40;

/** Plans each caller's calls; the same seed plans the same. */
export function planCalls(seed: number, callers: number, callsPerCaller: number): BankWrite[][] {
  const random = mulberry32(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const account = () => `acc-${below(ACCOUNTS)}`;
  const planned: BankWrite[] = [];
  const add = (requestId: string, data: Transfer) => {
    const write = { requestId, data, text: canonicalJson(data) };
    planned.push(write);
    return write;
  };
  const transfer = (): Transfer => ({ payer: account(), payee: account(), amount: 1 + below(20) });
  const badTransfers = [
    () => ({ ...transfer(), payee: "nobody" }),
    () => ({ ...transfer(), amount: -5 }),
    () => ({ ...transfer(), amount: 1_000_000 }),
    () => ({ ...transfer(), amount: "much" as unknown as number }),
  ];
  const plan = (requestId: string) => {
    const dice = below(100);
    const earlier = planned.length === 0 ? undefined : planned[below(planned.length)];
    if (earlier !== undefined && dice < REPEATS) return earlier;
    if (earlier !== undefined && dice < REPEATS + CONFLICTS) return add(earlier.requestId, transfer());
    return add(requestId, dice < REPEATS + CONFLICTS + BAD ? badTransfers[below(badTransfers.length)]() : transfer());
  };
  // In turn, so that a caller repeats what others do at the same time.
  const calls: BankWrite[][] = Array.from({ length: callers }, () => []);
  for (let n = 0; n < callsPerCaller; n++) {
    for (const [caller, own] of calls.entries()) own.push(plan(`caller ${caller}/${n}`));
  }
  return calls;
}

/** Makes a caller's calls, some at a time, and returns what it is told about each. */
export async function runCaller(
  writer: BatchWriter,
  calls: readonly BankWrite[],
  onCall: () => void,
): Promise<Told[]> {
  const told: Told[] = [];
  for (let start = 0; start < calls.length; start += IN_FLIGHT) {
    const some = calls.slice(start, start + IN_FLIGHT).map((write) => {
      onCall();
      return call(writer, write);
    });
    told.push(...await Promise.all(some));
  }
  return told;
}

/** Writes, and asks again with the same id where the outcome is unknown, as every caller should. */
async function call(writer: BatchWriter, write: BankWrite): Promise<Told> {
  const { requestId, data } = write;
  for (let tries = 1;; tries++) {
    try {
      return { write, receipt: await writer.write({ requestId, data: { ...data } }) };
    } catch (error) {
      if (!(error instanceof WriteError)) throw error;
      if (error.outcome !== "unknown" || tries === TRIES_MAX) return { write, errorType: error.type };
    }
  }
}

/** Reads the tables of a SQLite bank. */
export function readSqlite(database: DatabaseSync): BankRows {
  const all = (sql: string) => database.prepare(sql).all();
  return bankRows({
    ledger: all("SELECT request_id, data, batch_id, committed_at FROM batched_writes"),
    deadLetters: all("SELECT request_id FROM rejected_writes"),
    transfers: all("SELECT * FROM transfers"),
    balances: all("SELECT * FROM accounts"),
  });
}

/** Reads the tables of a PostgreSQL bank. */
export async function readPostgres(sql: postgres.Sql, schema: string): Promise<BankRows> {
  const all = (text: string) => sql.unsafe(text);
  return bankRows({
    ledger: await all(
      `SELECT request_id, data::text AS data, batch_id, ${isoUtc("committed_at")} AS committed_at
        FROM ${schema}batched_writes`,
    ),
    deadLetters: await all(`SELECT request_id FROM ${schema}rejected_writes`),
    transfers: await all(`SELECT * FROM ${schema}transfers`),
    balances: await all(`SELECT * FROM ${schema}accounts`),
  });
}

type Row = Readonly<Record<string, unknown>>;

function bankRows(rows: Readonly<Record<keyof BankRows, readonly Row[]>>): BankRows {
  return {
    ledger: new Map(rows.ledger.map(({ request_id, data, batch_id, committed_at }) => [
      request_id as string,
      { data: data as string, batchId: batch_id as string, committedAt: committed_at as string },
    ])),
    deadLetters: new Set(rows.deadLetters.map(({ request_id }) => request_id as string)),
    transfers: new Map(rows.transfers.map(({ request_id, payer, payee, amount }) => [
      request_id as string,
      { payer: payer as string, payee: payee as string, amount: Number(amount) },
    ])),
    balances: rows.balances.map(({ id, balance }) => ({ id: id as string, balance: Number(balance) })),
  };
}

/** A small generator of random numbers from 0 up to 1 that begins from a seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
