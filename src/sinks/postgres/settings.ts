/**
 * The server's settings that a sink relies on, and how long they hold.
 *
 * @module
 */

/** Values of the parameter `pooling` of an address. */
export const POOLINGS = ["auto", "session", "transaction"] as const;

/**
 * How a session's connection to the server is kept: `"session"` if all statements run on one, `"transaction"` if a pooler
 * may take another one for each transaction. `"auto"` is `"session"` where no pooler is in between, else
 * `"transaction"`, which works in either mode of it.
 */
export type PostgresPooling = typeof POOLINGS[number];

/** How much longer than its limit one end waits for the other: then the network is at fault. */
export const ANSWER_GRACE_MS = 5_000;

/** Limits that the server keeps. */
export interface PostgresLimits {
  readonly statementTimeoutMs: number;
  /** Longest time that a transaction runs no statement. */
  readonly pauseMs: number;
}

/** Begins a transaction on a connection that has the settings of {@linkcode setForSession}. */
export const BEGIN = "BEGIN";

/**
 * Makes the statement that sets what holds as long as the connection. They are no parameters of its start, as poolers
 * refuse those that they do not know.
 */
export function setForSession(limits: PostgresLimits): string {
  // A statement that is its own transaction must also see the conflicting row that another one has just committed.
  return `${set(limits, false)}, set_config('default_transaction_isolation', 'read committed', false)`;
}

/** Makes the statements that begin a transaction with settings of its own, which leave no trace on the connection. */
export function beginWith(limits: PostgresLimits): string {
  return `BEGIN ISOLATION LEVEL READ COMMITTED; ${set(limits, true)}`;
}

function set({ statementTimeoutMs, pauseMs }: PostgresLimits, local: boolean): string {
  return `SELECT set_config('statement_timeout', '${statementTimeoutMs}', ${local}), ` +
    // Of a network that goes away the server may learn after hours, and its rows are locked until then.
    `set_config('idle_in_transaction_session_timeout', '${pauseMs + ANSWER_GRACE_MS}', ${local}), ` +
    // With 'off', an answered commit could be lost in a crash of the server.
    `set_config('synchronous_commit', coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on'), ${local})`;
}
