/**
 * One connection to a PostgreSQL server whose errors say who is at fault.
 *
 * @module
 */

import postgres from "postgres";
import { RowFault } from "../isolate.ts";
import { classifyPostgresError, type PostgresFault } from "./errors.ts";
import {
  ANSWER_GRACE_MS,
  BEGIN,
  beginWith,
  type PostgresLimits,
  type PostgresPooling,
  setForSession,
} from "./settings.ts";
import { checkPostgresValue, PARAMETERS_MAX, type PostgresRow, type PostgresValue } from "./value.ts";
import { SinkError } from "../sink.ts";

/** How long closing waits for the server to hang up. */
const CLOSE_MS = 1_000;

/** Most texts that are prepared on the server; `apply` may build SQL text without end. */
const PREPARED_MAX = 100;

/** Asks which process of the server answers. */
const WHO = "SELECT pg_backend_pid() AS pid";

/** How often a pooler must hang up at the begin of a transaction until it is taken for what it always does. */
const BEGIN_ATTEMPTS = 3;

const NO_TRANSACTIONS = "the pooler hangs up when a transaction begins, as one in statement mode does: " +
  "set its pool_mode to transaction or session";

/** A connection that has answered a statement was lost when a transaction began. */
class LostAtBegin extends Error {}

/** How to connect. */
export interface PostgresSessionOptions extends PostgresLimits {
  /** For the driver: holds the password. */
  readonly url: string;
  /** For messages: does not hold it. */
  readonly description: string;
  readonly connectTimeoutMs: number;
  readonly pooling: PostgresPooling;
}

type Result = PostgresRow[] & { readonly count: number | null; readonly command: string | null };

/** Of the driver: the process that the server said it is, when the connection began. */
type Answer = Result & { readonly state: { readonly pid: number } };

/**
 * A connection. Every method throws {@linkcode RowFault} or a {@linkcode SinkError}, which wrote nothing unless it says so.
 *
 * The driver is given one connection, which is never replaced: its own reconnect could run the rest of a transaction
 * outside of it. A lost session is thrown away.
 */
export class PostgresSession {
  readonly #options: PostgresSessionOptions;
  readonly #prepared = new Set<string>();
  readonly #closed = Promise.withResolvers<void>();
  /** One function for each call that waits: a reaction to `closed` for each would hold its answer until the end. */
  readonly #waiting = new Set<() => void>();
  readonly #sql: postgres.Sql;
  /** Control statements that go out in front of the next statement. */
  readonly #ahead: string[] = [];
  readonly #openedAtMs = performance.now();
  #reserved: postgres.ReservedSql | undefined;
  /** Whether another connection to the server may answer after each transaction. */
  #shared = true;
  #inTransaction = false;
  #lost = false;

  private constructor(options: PostgresSessionOptions) {
    this.#options = options;
    this.#closed.promise.then(() => {
      for (const giveUp of this.#waiting) giveUp();
    });
    this.#sql = postgres(options.url, {
      max: 1,
      idle_timeout: 0,
      max_lifetime: null,
      connect_timeout: Math.ceil(options.connectTimeoutMs / 1_000),
      onnotice: () => {},
      onclose: () => {
        this.#lost = true;
        this.#closed.resolve();
      },
      // Until it is known whether a statement may stay prepared; the driver asks for the types of arrays before.
      prepare: false,
      connection: { application_name: "temporal-batcher" },
    });
  }

  /**
   * Connects.
   *
   * @throws {SinkError} If the server cannot be reached in time or does not let this user in.
   */
  static async open(options: PostgresSessionOptions): Promise<PostgresSession> {
    for (let attempt = 1;; attempt++) {
      const session = PostgresSession.#make(options);
      try {
        await session.#connect();
        return session;
      } catch (error) {
        await session.close();
        // It may be restarting.
        if (error instanceof LostAtBegin && attempt < BEGIN_ATTEMPTS) continue;
        if (error instanceof LostAtBegin) {
          throw new SinkError("setup", "no", `${options.description}: ${NO_TRANSACTIONS}`);
        }
        throw session.#toSinkError(classifyPostgresError(error), "no", error);
      }
    }
  }

  static #make(options: PostgresSessionOptions): PostgresSession {
    try {
      return new PostgresSession(options);
    } catch {
      // Its error quotes the address, with the password in it.
      throw new SinkError(
        "setup",
        "no",
        `Cannot use the address of ${options.description}: correct host, port and parameters`,
      );
    }
  }

  async #connect(): Promise<void> {
    const { connectTimeoutMs, pooling } = this.#options;
    const first = await this.#within(this.#sql.unsafe(WHO), connectTimeoutMs) as unknown as Answer;
    // A pooler answers the start of a connection by itself, with the number of a process that there is not.
    const direct = first[0].pid === first.state.pid;
    this.#shared = pooling === "transaction" || pooling === "auto" && !direct;
    if (!this.#shared) {
      this.#sql.options.prepare = true;
      await this.#within(this.#sql.unsafe(setForSession(this.#options)), connectTimeoutMs);
    }
    this.#reserved = await this.#sql.reserve();
    if (this.#shared) await this.#tryTransaction();
  }

  /** The driver does not tell of the error with which a pooler in statement mode hangs up. */
  async #tryTransaction(): Promise<void> {
    try {
      await this.#query(BEGIN, [], true);
    } catch (error) {
      throw this.#lost && classifyPostgresError(error).code === "CONNECTION_CLOSED" ? new LostAtBegin() : error;
    }
    await this.#query("COMMIT", [], true);
  }

  /** Whether the connection is there. */
  get usable(): boolean {
    return !this.#lost;
  }

  /** How long ago it was opened. */
  get ageMs(): number {
    return performance.now() - this.#openedAtMs;
  }

  /** Runs a statement, with `$1` for the first value, and returns its rows. */
  async all(sql: string, ...values: readonly PostgresValue[]): Promise<PostgresRow[]> {
    return [...await this.#call(sql, values)];
  }

  /**
   * Runs a statement that is a transaction by itself and returns its rows.
   *
   * @throws {RowFault} If it refuses a row; nothing was written.
   * @throws {SinkError} If it failed. `wrote` is `"unknown"` unless the server said that it gave the statement up.
   */
  async allAlone(sql: string, ...values: readonly PostgresValue[]): Promise<PostgresRow[]> {
    if (this.#shared) return await this.all(sql, ...values);
    this.#checkUsable();
    try {
      return [...await this.#send(sql, values, false)];
    } catch (error) {
      const fault = classifyPostgresError(error);
      if (fault.undoesStatement) throw this.#toError(fault, error);
      this.#discard();
      throw this.#toSinkError(fault, "unknown", error);
    }
  }

  /** Runs a statement and returns how many rows it changed or returned. */
  async run(sql: string, ...values: readonly PostgresValue[]): Promise<number> {
    return (await this.#call(sql, values)).count ?? 0;
  }

  /** Begins a transaction, with the next statement. */
  begin(): void {
    this.#inTransaction = true;
    this.ahead(this.#shared ? beginWith(this.#options) : BEGIN);
  }

  /** Undoes the open transaction and begins another one, with the next statement. */
  beginAnew(): void {
    this.ahead("ROLLBACK");
    this.begin();
  }

  /**
   * Sends a constant statement about transactions and savepoints together with the next statement, which saves a round
   * trip. If it fails, so does the next statement.
   */
  ahead(sql: string): void {
    this.#ahead.push(sql);
  }

  /**
   * Commits. When it throws, the transaction has ended as well, or the session is unusable.
   *
   * @throws {RowFault} If a deferred constraint refuses a row; nothing was written.
   * @throws {SinkError} If it failed. `wrote` is `"unknown"` unless the server said that it refused.
   */
  async commit(): Promise<void> {
    this.#checkUsable();
    this.#inTransaction = false;
    let result: Result;
    try {
      result = await this.#send("COMMIT", [], true);
    } catch (error) {
      const fault = classifyPostgresError(error);
      if (fault.refusesCommit) throw this.#toError(fault, error);
      this.#discard();
      throw this.#toSinkError(fault, "unknown", error);
    }
    if (result.command === "COMMIT") return;
    throw new SinkError("unavailable", "no", `${this.#options.description}: the server undid the transaction`);
  }

  /** Undoes the open transaction. An error is not reported, as the error that led here is: the session is given up. */
  async rollback(): Promise<void> {
    this.#inTransaction = false;
    try {
      this.#ahead.length = 0;
      if (this.usable) await this.#send("ROLLBACK", [], true);
    } catch {
      this.#discard();
    }
  }

  /** Hangs up. A second call does nothing. */
  async close(): Promise<void> {
    this.#discard();
    const timer = setTimeout(this.#closed.resolve, CLOSE_MS);
    await this.#closed.promise;
    clearTimeout(timer);
  }

  #discard(): void {
    const connected = this.#reserved !== undefined && !this.#lost;
    this.#lost = true;
    this.#sql.end({ timeout: 0 }).catch(() => {});
    if (!connected) this.#closed.resolve();
  }

  async #call(sql: string, values: readonly PostgresValue[]): Promise<Result> {
    this.#checkUsable();
    if (values.length > PARAMETERS_MAX) {
      throw new RowFault("RangeError", `a statement takes at most ${PARAMETERS_MAX} values: it has ${values.length}`);
    }
    for (const value of values) checkPostgresValue(value);
    if (this.#shared && !this.#inTransaction) return await this.#callInTransaction(sql, values);
    try {
      return await this.#send(sql, values, false);
    } catch (error) {
      throw this.#toError(classifyPostgresError(error), error);
    }
  }

  async #callInTransaction(sql: string, values: readonly PostgresValue[]): Promise<Result> {
    this.begin();
    try {
      const result = await this.#call(sql, values);
      await this.commit();
      return result;
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  /** Sends a statement behind those that are to go ahead of it. */
  async #send(sql: string, values: readonly PostgresValue[], simple: boolean): Promise<Result> {
    const ahead = this.#ahead.splice(0).join("; ");
    if (ahead === "") return await this.#query(sql, values, simple);
    const [before, answer] = await Promise.allSettled([this.#query(ahead, [], true), this.#query(sql, values, simple)]);
    if (before.status === "rejected") throw before.reason;
    if (answer.status === "rejected") throw answer.reason;
    return answer.value;
  }

  /** @param simple Lets a text hold several statements: not for those of `apply`, the second could be COMMIT. */
  async #query(sql: string, values: readonly PostgresValue[], simple: boolean): Promise<Result> {
    if (!simple && !this.#shared && this.#prepared.size < PREPARED_MAX) this.#prepared.add(sql);
    const options = { prepare: this.#prepared.has(sql), simple };
    const query = this.#reserved!.unsafe(sql, [...values] as postgres.ParameterOrJSON<never>[], options);
    return await this.#within(query, this.#options.statementTimeoutMs + ANSWER_GRACE_MS) as unknown as Result;
  }

  /** Waits for an answer, the end of the connection, or the limit, which ends the connection. */
  async #within<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const fail = (code: string, message: string) => reject(Object.assign(new Error(message), { code }));
    const timer = setTimeout(() => {
      fail("NO_ANSWER", `no answer in ${timeoutMs} ms`);
      this.#discard();
    }, timeoutMs);
    const giveUp = () => fail("CONNECTION_CLOSED", "the connection was closed");
    this.#waiting.add(giveUp);
    try {
      return await Promise.race([answer, promise]);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(giveUp);
    }
  }

  #checkUsable(): void {
    if (this.usable) return;
    throw new SinkError("unavailable", "no", `${this.#options.description}: the connection was lost`);
  }

  #toError(fault: PostgresFault, cause: unknown): RowFault | SinkError {
    if (fault.kind !== "row") return this.#toSinkError(fault, "no", cause);
    const { message, detail } = cause as Error & { detail?: string };
    return new RowFault(fault.code, detail === undefined ? message : `${message}: ${detail}`, { cause });
  }

  #toSinkError(fault: PostgresFault, wrote: SinkError["wrote"], cause: unknown): SinkError {
    const kind = fault.kind === "setup" ? "setup" : "unavailable";
    const { message } = cause as Error;
    const text = `${this.#options.description}: ${fault.code} (${message}): ${fault.advice}`;
    return new SinkError(kind, wrote, text, { cause });
  }
}
