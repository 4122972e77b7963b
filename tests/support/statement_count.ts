/**
 * Counts what a PostgreSQL server has done, by its own statistics.
 *
 * @module
 */
import type postgres from "postgres";

/** Settings of a server that counts. */
export const COUNTING = { shared_preload_libraries: "pg_stat_statements" };

/** Counts by the server since {@linkcode resetStatements}. */
export interface StatementCount {
  /** Statements that name a table of the schema, by text. A part of a statement (`WITH`) is not counted by itself. */
  readonly byText: ReadonlyMap<string, number>;
  /** Their number. */
  readonly statements: number;
  /** How often BEGIN was run. */
  readonly begins: number;
  /** How often COMMIT was run. */
  readonly commits: number;
  /** How often a statement about transactions or savepoints was run, those two included. */
  readonly controls: number;
  /** How often a transaction was rolled back, as a whole or to a savepoint. */
  readonly rollbacks: number;
}

/** Starts to count. */
export async function resetStatements(sql: postgres.Sql): Promise<void> {
  await sql.unsafe("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
  await sql.unsafe("SELECT pg_stat_statements_reset()");
}

/**
 * Reads the counts.
 *
 * @param schema Quoted name of the schema whose tables are meant.
 */
export async function countStatements(sql: postgres.Sql, schema: string): Promise<StatementCount> {
  const rows = await sql.unsafe("SELECT query, calls::int AS calls FROM pg_stat_statements WHERE toplevel");
  const calls = (matches: (query: string) => boolean) =>
    rows.filter(({ query }) => matches(query)).map(({ query, calls }) => [query, calls] as [string, number]);
  const sum = (counted: readonly [string, number][]) => counted.reduce((total, [, count]) => total + count, 0);
  const onTables = calls((query) => query.includes(`${schema}.`));
  return {
    byText: new Map(onTables),
    statements: sum(onTables),
    begins: sum(calls((query) => query === "BEGIN")),
    commits: sum(calls((query) => query === "COMMIT")),
    controls: sum(calls((query) => /^(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)/.test(query))),
    rollbacks: sum(calls((query) => query.startsWith("ROLLBACK"))),
  };
}
