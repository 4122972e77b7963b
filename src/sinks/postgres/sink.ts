/**
 * The PostgreSQL sink, through the driver `postgres`.
 *
 * @module
 */

import { type Apply, APPLY_TIMEOUT_MS } from "../apply.ts";
import type { LedgerIdentity } from "../../protocol/messages.ts";
import { wholeNumberProblem } from "../../protocol/options.ts";
import { checkNewName } from "../ledger_identity.ts";
import { effectName, type IntoTable } from "../into_table.ts";
import { PostgresAdmin } from "./admin.ts";
import { ExpectedRepeats, PostgresFlush, type PostgresFlushOptions } from "./flush.ts";
import { fillPostgres } from "./into.ts";
import { PostgresLedger } from "./ledger.ts";
import { type PostgresTableNames, resolveTables } from "./names.ts";
import { PostgresPool } from "./pool.ts";
import { checkPostgresVersion, migratePostgres } from "./schema.ts";
import { PostgresSession } from "./session.ts";
import { POOLINGS, type PostgresPooling } from "./settings.ts";
import type { PostgresTransaction } from "./transaction.ts";
import { parsePostgresUrl } from "./url.ts";
import { type Outcome, type Sink, type SinkBatch, SinkError } from "../sink.ts";

/**
 * Connections of one sink, by default: one for a flush, and one so that the durable attempt of a flush need not wait for
 * the fast one that it replaces. To hold the number of connections down is what a batcher is for.
 */
export const POOL_SIZE = 2;

/** Limit of a statement, by default, in milliseconds. */
export const STATEMENT_TIMEOUT_MS = 10_000;

/** The same for {@linkcode openPostgresAdmin} and {@linkcode migratePostgresSink}: a person waits, and nobody else. */
export const ADMIN_STATEMENT_TIMEOUT_MS = 600_000;

/** How long to wait for a connection, by default, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 5_000;

/**
 * How long a connection is used, by default, in milliseconds. It bounds how long a sink stays with a server that a
 * failover has left behind and that still takes its writes, and with memory that the server keeps for each connection.
 */
export const SESSION_MAX_AGE_MS = 1_800_000;

const POOL_SIZE_MAX = 100;

/** Longest limit that an option may ask for, in milliseconds. */
const LIMIT_MAX_MS = 600_000;

/** Longest that {@linkcode PostgresSinkOptions.sessionMaxAgeMs} may be: a day. */
const AGE_MAX_MS = 86_400_000;

/** Where to connect and how. The address may carry the options that it can; those given here win. */
export interface PostgresSinkOptions extends PostgresTableNames {
  /** `postgres://user:password@host:port/database?sslmode=…`, with the parameters that `parsePostgresUrl` names. */
  readonly url: string;
  /**
   * The user's own effect of each write, in the transaction of its ledger row.
   *
   * @default The ledger row is the only effect.
   */
  readonly apply?: Apply<PostgresTransaction>;
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
   * Limit for an `apply`.
   *
   * @default {APPLY_TIMEOUT_MS}
   */
  readonly applyTimeoutMs?: number;
  /**
   * Connections at one time, so also `write` calls at one time; more wait for their turn.
   *
   * @default {POOL_SIZE}
   */
  readonly poolSize?: number;
  /**
   * Limit of each statement, kept by the server.
   *
   * @default {STATEMENT_TIMEOUT_MS} and {ADMIN_STATEMENT_TIMEOUT_MS} for what a person does.
   */
  readonly statementTimeoutMs?: number;
  /**
   * How long to wait for a connection.
   *
   * @default {CONNECT_TIMEOUT_MS}
   */
  readonly connectTimeoutMs?: number;
  /**
   * How old a connection may be when a call begins; an older one is replaced.
   *
   * @default {SESSION_MAX_AGE_MS}
   */
  readonly sessionMaxAgeMs?: number;
  /**
   * How the connections are kept by whatever is between here and the server.
   *
   * @default {"auto"}
   */
  readonly pooling?: PostgresPooling;
}

/**
 * Writes batches to PostgreSQL, each in one transaction: one statement where nothing is wrong, one more where the ledger
 * knows some of the request ids, one more where `apply` returns results.
 *
 * Any number of processes may use the same tables. The password of its address is in no message of it.
 */
export class PostgresSink implements Sink {
  readonly description: string;
  readonly #pool: PostgresPool;
  readonly #ledger: PostgresLedger;
  readonly #repeats = new ExpectedRepeats();
  readonly #options: PostgresFlushOptions;

  private constructor(pool: PostgresPool, ledger: PostgresLedger, options: PostgresFlushOptions) {
    this.description = pool.description;
    this.#pool = pool;
    this.#ledger = ledger;
    this.#options = options;
  }

  /**
   * Connects to a ledger whose tables {@linkcode migratePostgresSink} has made.
   *
   * @throws {SinkError} If an option is wrong, the server cannot be reached or does not let this user in, or the tables
   * are not there in the version that this code knows, or have rows of another effect, or the table to fill is missing.
   */
  static async open(options: PostgresSinkOptions): Promise<PostgresSink> {
    const applyName = effectName(options);
    const { pool, tables, resolved } = await open(options);
    const { into, applyTimeoutMs } = resolved;
    const { description } = pool;
    const ledger = new PostgresLedger(tables);
    try {
      const apply = into === undefined
        ? resolved.apply
        : await pool.use((session) => fillPostgres(session, into, tables, description));
      await pool.use((session) => ledger.claim(session, applyName, description));
      return new PostgresSink(pool, ledger, { apply, applyName, applyTimeoutMs, description });
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  async identify(): Promise<LedgerIdentity> {
    const { identity, epoch } = await this.#pool.use((session) => this.#ledger.readSelf(session, this.description));
    return { identity, epoch };
  }

  async write(batch: SinkBatch): Promise<Outcome[]> {
    return await this.#pool.use(async (session) => {
      if (!batch.batchId.isWellFormed() || batch.batchId.includes("\0")) {
        throw new SinkError("setup", "no", "Cannot write a batch as its 'batchId' holds NUL or a lone surrogate");
      }
      if (batch.writes.length === 0) return [];
      return await new PostgresFlush(session, this.#ledger, this.#repeats, this.#options, batch).write();
    });
  }

  countCommitted(): Promise<number> {
    return this.#pool.use((session) => this.#ledger.countCommitted(session));
  }

  countCommittedOf(requestIds: readonly string[]): Promise<number> {
    return this.#pool.use((session) => this.#ledger.countCommittedOf(session, requestIds));
  }

  countRejected(): Promise<number> {
    return this.#pool.use((session) => this.#ledger.countRejected(session));
  }

  /** Closes the connections when the calls before it have ended. A second call does nothing. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}

/**
 * Creates schema and tables of a ledger, or brings them to the version that this code knows. Needs a role that may do so;
 * the sink itself needs no more than to read and write the tables.
 *
 * @param applyName Changes the name of the effect that the ledger's rows go through, `null` to none.
 * @returns The version before, 0 if a table was missing, or what says which version it is of.
 * @throws {SinkError} As {@linkcode PostgresSink.open} does, and if the ledger has rows, `applyName` is not given, and
 * the name that it had is lost.
 */
export async function migratePostgresSink(options: PostgresSinkOptions, applyName?: string | null): Promise<number> {
  if (typeof applyName === "string") checkNewName(applyName);
  const { pool, tables } = resolve(options, ADMIN_STATEMENT_TIMEOUT_MS);
  try {
    return await pool.use((session) => migratePostgres(session, tables, applyName));
  } finally {
    await pool.close();
  }
}

/**
 * Connects to a ledger to look after it.
 *
 * @throws {SinkError} As {@linkcode PostgresSink.open} does.
 */
export async function openPostgresAdmin(options: PostgresSinkOptions): Promise<PostgresAdmin> {
  const { pool, tables } = await open(options, ADMIN_STATEMENT_TIMEOUT_MS);
  return new PostgresAdmin(pool, tables);
}

async function open(options: PostgresSinkOptions, statementTimeoutMs = STATEMENT_TIMEOUT_MS) {
  const resolved = resolve(options, statementTimeoutMs);
  try {
    await resolved.pool.use((session) => checkPostgresVersion(session, resolved.tables));
    return resolved;
  } catch (error) {
    await resolved.pool.close();
    throw error;
  }
}

function resolve(given: PostgresSinkOptions, statementTimeoutMs: number) {
  const { url, description, options } = parsePostgresUrl(given.url);
  const defaults = {
    apply: undefined,
    into: undefined,
    applyTimeoutMs: APPLY_TIMEOUT_MS,
    poolSize: POOL_SIZE,
    statementTimeoutMs,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    sessionMaxAgeMs: SESSION_MAX_AGE_MS,
    pooling: "auto" as const,
  };
  const resolved = { ...defaults, ...options, ...withoutUndefined(given) };
  checkWhole("poolSize", resolved.poolSize, POOL_SIZE_MAX);
  for (const name of ["applyTimeoutMs", "statementTimeoutMs", "connectTimeoutMs"] as const) {
    checkWhole(name, resolved[name], LIMIT_MAX_MS);
  }
  checkWhole("sessionMaxAgeMs", resolved.sessionMaxAgeMs, AGE_MAX_MS);
  const { applyTimeoutMs: pauseMs, connectTimeoutMs, poolSize: size, sessionMaxAgeMs } = resolved;
  const { statementTimeoutMs: limitMs, pooling } = resolved;
  if (!POOLINGS.includes(pooling)) {
    const message = `Cannot open the sink as 'pooling' must be one of ${POOLINGS.join(", ")}: ` +
      `current value is ${JSON.stringify(pooling)}`;
    throw new SinkError("setup", "no", message);
  }
  const session = { url, description, pauseMs, connectTimeoutMs, statementTimeoutMs: limitMs, pooling };
  const tables = resolveTables(resolved);
  const pool = new PostgresPool({ description, size, sessionMaxAgeMs, open: () => PostgresSession.open(session) });
  return { pool, tables, resolved };
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function checkWhole(name: string, value: number, max: number): void {
  const problem = wholeNumberProblem(name, value, 1, max);
  if (problem !== undefined) throw new SinkError("setup", "no", `Cannot open the sink as ${problem}`);
}
