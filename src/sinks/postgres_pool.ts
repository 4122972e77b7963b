/**
 * A few connections to one PostgreSQL server.
 *
 * @module
 */

import type { PostgresSession } from "./postgres_session.ts";
import { SinkError } from "./sink.ts";

/** Lends sessions, and opens them when they are wanted; calls beyond its size wait for their turn, in order. */
export class PostgresPool {
  readonly #idle: PostgresSession[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #idled = new Set<() => void>();
  #lent = 0;
  #closed = false;

  /**
   * @param description For messages.
   * @param size Most sessions at one time.
   * @param open Opens one.
   */
  constructor(
    readonly description: string,
    private readonly size: number,
    private readonly open: () => Promise<PostgresSession>,
  ) {}

  /**
   * Lends a session for as long as `use` runs; `use` must leave no transaction open.
   *
   * @throws {SinkError} If no session can be opened, or the pool is closed.
   */
  async use<T>(use: (session: PostgresSession) => Promise<T>): Promise<T> {
    if (this.#closed) throw new SinkError("setup", "no", `Cannot use '${this.description}' after it was closed`);
    // Whoever hands its turn on does not give it back in between.
    if (this.#lent < this.size) this.#lent++;
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
    let session = this.#idle.pop();
    while (session !== undefined && !session.usable) session = this.#idle.pop();
    session ??= await this.open();
    try {
      return await use(session);
    } finally {
      if (session.usable) this.#idle.push(session);
      else await session.close();
    }
  }

  /** Refuses new calls, waits for those before, and closes every session. A second call does nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#lent > 0) await new Promise<void>((resolve) => this.#idled.add(resolve));
    await Promise.all(this.#idle.splice(0).map((session) => session.close()));
  }
}
