/**
 * A few connections to one PostgreSQL server.
 *
 * @module
 */

import { RowFault } from "../isolate.ts";
import type { PostgresSession } from "./session.ts";
import { SinkError } from "../sink.ts";

/** How many sessions a pool has, and for how long. */
export interface PostgresPoolOptions {
  /** For messages. */
  readonly description: string;
  /** Most sessions at one time. */
  readonly size: number;
  /** Age from which a session is not lent any more. */
  readonly sessionMaxAgeMs: number;
  /** Opens a session. */
  readonly open: () => Promise<PostgresSession>;
}

/**
 * Lends sessions, and opens them when they are wanted; calls beyond its size wait for their turn, in order.
 *
 * A call that fails takes its session with it, and those that are idle: after a failover they may all be connected to a
 * server that was the primary once, and answers without ever writing.
 */
export class PostgresPool {
  readonly #options: PostgresPoolOptions;
  #idle: PostgresSession[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #idled = new Set<() => void>();
  #lent = 0;
  #closed = false;

  constructor(options: PostgresPoolOptions) {
    this.#options = options;
  }

  /** For messages. */
  get description(): string {
    return this.#options.description;
  }

  /**
   * Lends a session for as long as `use` runs; `use` must leave no transaction open.
   *
   * @throws {SinkError} If no session can be opened, or the pool is closed.
   */
  async use<T>(use: (session: PostgresSession) => Promise<T>): Promise<T> {
    if (this.#closed) throw new SinkError("setup", "no", `Cannot use '${this.description}' after it was closed`);
    // Whoever hands its turn on does not give it back in between.
    if (this.#lent < this.#options.size) this.#lent++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#lend(use);
    } finally {
      const next = this.#waiting.shift();
      if (next !== undefined) next();
      else if (--this.#lent === 0) { for (const resolve of this.#idled) resolve(); }
    }
  }

  async #lend<T>(use: (session: PostgresSession) => Promise<T>): Promise<T> {
    const session = await this.#take() ?? await this.#options.open();
    let value: T;
    try {
      value = await use(session);
    } catch (error) {
      if (!(error instanceof RowFault)) await closeAll([session, ...this.#idle.splice(0)]);
      else this.#idle.push(session);
      throw error;
    }
    if (session.usable) this.#idle.push(session);
    else await session.close();
    return value;
  }

  /** Takes a session that may still be lent, and closes those that may not. */
  async #take(): Promise<PostgresSession | undefined> {
    const lendable = (session: PostgresSession) => session.usable && session.ageMs < this.#options.sessionMaxAgeMs;
    const ended = this.#idle.filter((session) => !lendable(session));
    this.#idle = this.#idle.filter(lendable);
    const session = this.#idle.pop();
    await closeAll(ended);
    return session;
  }

  /** Refuses new calls, waits for those before, and closes every session. A second call does nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#lent > 0) await new Promise<void>((resolve) => this.#idled.add(resolve));
    await closeAll(this.#idle.splice(0));
  }
}

async function closeAll(sessions: readonly PostgresSession[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.close()));
}
