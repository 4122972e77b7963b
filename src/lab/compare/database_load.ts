/**
 * What a database is asked to do, counted where the SQL runs.
 *
 * @module
 */

const STORES = /^INSERT INTO (?:batched|signal|activity|direct)_writes\b/;

/** Counts of one database connection; differences of two are those of the time between. */
export interface DatabaseCounts {
  /**
   * Transactions that were committed. With SQLite this is what costs: an fsync each. It is also the number of statements
   * that a database server would see, which gets a batch as one statement.
   */
  readonly transactions: number;
  /** Rows of writes that were committed. */
  readonly rows: number;
}

/** Counts what one connection does. */
export class DatabaseLoad {
  #transactions = 0;
  #rows = 0;
  #uncommitted = 0;
  #atSavepoint = 0;

  /** To be told about each statement. */
  readonly onStatement = (sql: string, changes: number): void => {
    if (STORES.test(sql)) this.#uncommitted += changes;
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
