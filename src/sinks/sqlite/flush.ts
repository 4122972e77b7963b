/**
 * Writes one batch to a SQLite ledger.
 *
 * @module
 */

import { type Apply, runApply } from "../apply.ts";
import { RowFault } from "../isolate.ts";
import { checkLedger, noLedgerRow } from "../ledger_identity.ts";
import { type Kept, settleBatch, type SettleSteps } from "../settle_batch.ts";
import { type Outcome, type SinkBatch, SinkError, type SinkWrite } from "../sink.ts";
import type { SqliteConnection } from "./connection.ts";
import type { SqliteLedger } from "./ledger.ts";
import { ENDED_INSIDE, SqliteTransaction } from "./transaction.ts";
import { INVALID_TEXT, malformedField } from "../storable_text.ts";

/** How to write batches. */
export interface SqliteFlushOptions {
  readonly apply: Apply<SqliteTransaction> | undefined;
  readonly applyName: string | null;
  /** Names the ledger in messages. */
  readonly description: string;
  readonly applyTimeoutMs: number;
  readonly lockWaitMs: number;
}

/** Runs `body`, and undoes its effect on the database when it throws a {@linkcode RowFault}. */
type Unit = <T>(body: () => T | Promise<T>) => Promise<T>;

/** Runs `body` as a part of the unit that is open. */
const joined: Unit = async (body) => await body();

/** Writes batches through one connection. One call at a time. */
export class SqliteFlush {
  readonly #connection: SqliteConnection;
  readonly #ledger: SqliteLedger;
  readonly #options: SqliteFlushOptions;

  constructor(connection: SqliteConnection, ledger: SqliteLedger, options: SqliteFlushOptions) {
    this.#connection = connection;
    this.#ledger = ledger;
    this.#options = options;
  }

  /**
   * Writes a batch in one transaction, with a savepoint around each attempt to keep rows.
   *
   * @throws {SinkError} As `Sink.write` does.
   */
  async write(batch: SinkBatch): Promise<Outcome[]> {
    try {
      return await this.#transaction(() => {
        this.#checkLedger(batch);
        return settleBatch(batch.writes, this.#steps(batch, this.#savepoint, joined));
      });
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      return await this.#writeInParts(batch);
    }
  }

  /** For a deferred constraint, which no savepoint shows: each attempt is a transaction, so COMMIT isolates the row. */
  async #writeInParts(batch: SinkBatch): Promise<Outcome[]> {
    let anyCommitted = false;
    const unit: Unit = async (body) => {
      const value = await this.#transaction(() => {
        this.#checkLedger(batch);
        return body();
      });
      anyCommitted = true;
      return value;
    };
    try {
      return await settleBatch(batch.writes, this.#steps(batch, unit, unit));
    } catch (error) {
      if (!anyCommitted || !(error instanceof SinkError)) throw error;
      throw new SinkError(error.kind, "unknown", error.message, { cause: error });
    }
  }

  #checkLedger({ ledger }: SinkBatch): void {
    const { applyName, description } = this.#options;
    const self = this.#ledger.readSelf();
    if (self === undefined) throw noLedgerRow(description);
    checkLedger(self, applyName, ledger, description);
  }

  #steps(batch: SinkBatch, keepUnit: Unit, rejectUnit: Unit): SettleSteps {
    const at = new Date().toISOString();
    return {
      keep: (writes) => keepUnit(() => this.#keep(writes, batch.batchId, at)),
      find: (write) => joined(() => this.#ledger.find(write)),
      reject: (rejections) =>
        rejectUnit(() => {
          for (const { write, fault } of rejections) this.#ledger.reject(write, fault, batch, at);
        }),
    };
  }

  async #keep(writes: readonly SinkWrite[], batchId: string, committedAt: string): Promise<Kept[]> {
    const committed: Kept = { status: "committed", batchId, committedAt };
    const outcomes: Kept[] = [];
    const fresh: number[] = [];
    for (const write of writes) {
      const malformed = malformedField(write);
      if (malformed === undefined && this.#ledger.insert(write, batchId, committedAt)) {
        fresh.push(outcomes.push(committed) - 1);
      } else {
        const found = malformed === "requestId" ? undefined : this.#ledger.find(write);
        if (found === undefined) throw refusal(malformed);
        outcomes.push(found);
      }
    }
    this.#ledger.clearDeadLetters(fresh.map((index) => writes[index].requestId));
    if (this.#options.apply !== undefined && fresh.length > 0) {
      const results = await this.#runApply(this.#options.apply, fresh.map((index) => writes[index]));
      for (const [position, index] of fresh.entries()) {
        const result = results[position];
        if (result === null) continue;
        this.#ledger.setResult(writes[index].requestId, result);
        outcomes[index] = { ...committed, result: JSON.parse(result) };
      }
    }
    return outcomes;
  }

  async #runApply(apply: Apply<SqliteTransaction>, writes: readonly SinkWrite[]): Promise<(string | null)[]> {
    const tx = new SqliteTransaction(this.#connection);
    try {
      return await runApply(apply, tx, writes, this.#options.applyTimeoutMs);
    } finally {
      tx.end();
    }
  }

  readonly #transaction: Unit = async (body) => {
    await this.#connection.begin(this.#options.lockWaitMs);
    try {
      const value = await body();
      this.#checkTransaction();
      this.#connection.commit();
      return value;
    } catch (error) {
      this.#connection.rollback();
      throw error;
    }
  };

  readonly #savepoint: Unit = async (body) => {
    this.#connection.run("SAVEPOINT attempt");
    try {
      const value = await body();
      this.#checkTransaction();
      this.#connection.run("RELEASE attempt");
      return value;
    } catch (error) {
      if (error instanceof RowFault) {
        this.#checkTransaction();
        this.#connection.run("ROLLBACK TO attempt");
        this.#connection.run("RELEASE attempt");
      }
      throw error;
    }
  };

  /** A trigger with RAISE(ROLLBACK) would take the ledger rows out of the transaction. */
  #checkTransaction(): void {
    if (!this.#connection.inTransaction) throw new SinkError("setup", "unknown", ENDED_INSIDE);
  }
}

function refusal(malformed: keyof SinkWrite | undefined): RowFault {
  if (malformed === undefined) return new RowFault("SQLITE_CONSTRAINT_TRIGGER", "a trigger ignored the ledger row");
  return new RowFault(INVALID_TEXT, `'${malformed}' holds a lone surrogate, which SQLite cannot store unchanged`);
}
