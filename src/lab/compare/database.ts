/**
 * The database of a run: what it refuses, what it is asked to do, and what is in it in the end.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import type { CallRecord } from "./load_shape.ts";
import type { DatabaseCounts, Variant } from "./variant.ts";

/** How long a statement of this module waits for a lock. */
const LOCK_WAIT_MS = 10_000;

/**
 * Creates a variant's table with the rule of the business that an `amount` must not be negative: a bad row breaks it. It
 * is a trigger and no CHECK, so that it is the same for a ledger's table. Harmless to repeat.
 */
export async function prepareDatabase(path: string, { table, createTable }: Variant): Promise<void> {
  await createTable(path);
  using database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
  database.exec(
    `CREATE TRIGGER IF NOT EXISTS ${table}_amount BEFORE INSERT ON ${table} WHEN NEW.data ->> '$.amount' < 0
     BEGIN SELECT RAISE(ABORT, 'an amount must not be negative'); END`,
  );
}

/** Counts the rows of a variant's table by the field `key` of their data: what was stored, however often. */
export function rowsByKey(path: string, { table }: Pick<Variant, "table">): Map<string, number> {
  using database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS, readOnly: true });
  const rows = database.prepare(`SELECT data ->> '$.key' AS key, count(*) AS rows FROM ${table} GROUP BY 1`);
  return new Map(rows.all().map(({ key, rows }) => [String(key), Number(rows)]));
}

/**
 * Looks in the database for the row of each caller that was told "done": no figure without its rows.
 *
 * @param keyOf The field `key` of the n-th call's data.
 * @throws {Error} If one of them is not there exactly once.
 */
export function checkRows(
  path: string,
  variant: Pick<Variant, "name" | "table">,
  calls: readonly CallRecord[],
  keyOf: (n: number) => string,
): void {
  const rows = rowsByKey(path, variant);
  const done = calls.filter(({ told }) => told.kind === "done");
  const wrong = done.filter(({ n }) => rows.get(keyOf(n)) !== 1);
  if (wrong.length === 0) return;
  const example = keyOf(wrong[0].n);
  throw new Error(
    `The measurement of ${variant.name} is void: of ${done.length} callers who were told "done", ${wrong.length} do not ` +
      `have their row exactly once, such as ${example} with ${rows.get(example) ?? 0} rows`,
  );
}

/** Counts what one connection does, where the SQL runs. */
export class DatabaseLoad {
  #transactions = 0;
  #rows = 0;
  #uncommitted = 0;
  #atSavepoint = 0;

  /** @param table Where writes go; left out where there are none. */
  constructor(private readonly table?: string) {}

  /** To be told about each statement. */
  readonly onStatement = (sql: string, changes: number): void => {
    if (sql.startsWith(`INSERT INTO ${this.table} `)) this.#uncommitted += changes;
    else if (sql.startsWith("SAVEPOINT")) this.#atSavepoint = this.#uncommitted;
    else if (sql.startsWith("ROLLBACK TO")) this.#uncommitted = this.#atSavepoint;
    else if (sql.startsWith("BEGIN") || sql === "ROLLBACK") this.#uncommitted = 0;
    else if (sql === "COMMIT") {
      this.#transactions++;
      this.#rows += this.#uncommitted;
      this.#uncommitted = 0;
    }
  };

  /** The counts so far. */
  get counts(): DatabaseCounts {
    return { transactions: this.#transactions, rows: this.#rows };
  }
}
