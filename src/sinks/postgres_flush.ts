/**
 * Writes one batch to a PostgreSQL ledger.
 *
 * @module
 */

import { type Apply, runApply } from "./apply.ts";
import { RowFault } from "./isolate.ts";
import type { PlacedWrite, PostgresLedger } from "./postgres_ledger.ts";
import type { PostgresSession } from "./postgres_session.ts";
import { PostgresTransaction } from "./postgres_transaction.ts";
import { unstorable } from "./postgres_value.ts";
import { type Kept, settleBatch, type SettleSteps } from "./settle_batch.ts";
import { type Outcome, type SinkBatch, SinkError, type SinkWrite } from "./sink.ts";
import { INVALID_TEXT } from "./storable_text.ts";

/** How to write batches. */
export interface PostgresFlushOptions {
  readonly apply: Apply<PostgresTransaction> | undefined;
  readonly applyTimeoutMs: number;
}

/** Runs `body`, and undoes its effect on the database when it throws a {@linkcode RowFault}. */
type Unit = <T>(body: () => Promise<T>) => Promise<T>;

/** Runs `body` as a part of the unit that is open. */
const joined: Unit = (body) => body();

/** `errorType` of a row that neither went into the ledger nor is there: a trigger left it out. */
const IGNORED = "IGNORED";

/** Writes one batch through one session, and is of no use after that. */
export class PostgresFlush {
  readonly #at = new Date().toISOString();
  readonly #writes: readonly PlacedWrite[];
  #attempts = 0;

  constructor(
    private readonly session: PostgresSession,
    private readonly ledger: PostgresLedger,
    private readonly options: PostgresFlushOptions,
    private readonly batch: SinkBatch,
  ) {
    this.#writes = batch.writes.map((write, position) => ({ ...write, position }));
  }

  /**
   * Writes the batch in one transaction.
   *
   * @throws {SinkError} As `Sink.write` does.
   */
  async write(): Promise<Outcome[]> {
    try {
      return await this.#transaction(() => settleBatch(this.#writes, this.#steps(this.#attempt, joined)));
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      return await this.#writeInParts();
    }
  }

  /** For a deferred constraint, which no savepoint shows: each attempt is a transaction, so COMMIT isolates the row. */
  async #writeInParts(): Promise<Outcome[]> {
    let anyCommitted = false;
    const unit: Unit = async (body) => {
      const value = await this.#transaction(body);
      anyCommitted = true;
      return value;
    };
    try {
      return await settleBatch(this.#writes, this.#steps(unit, unit));
    } catch (error) {
      if (!anyCommitted || !(error instanceof SinkError)) throw error;
      throw new SinkError(error.kind, "unknown", error.message, { cause: error });
    }
  }

  #steps(keepUnit: Unit, rejectUnit: Unit): SettleSteps<PlacedWrite> {
    const { session, ledger, batch } = this;
    return {
      keep: (writes) => this.#keepStorable(writes, keepUnit),
      find: async (write) => (await ledger.find(session, [write])).get(write.requestId),
      reject: (write, fault) => rejectUnit(() => ledger.reject(session, write, fault, batch, this.#at)),
    };
  }

  /** Asks the server about nothing that it cannot store, but for what it may know of such a write's request id. */
  async #keepStorable(writes: readonly PlacedWrite[], unit: Unit): Promise<Kept[]> {
    for (const write of writes) {
      const problem = unstorable(write);
      if (problem === undefined) continue;
      const { field, reason } = problem;
      if (writes.length === 1 && field !== "requestId") {
        const found = (await this.ledger.find(this.session, writes)).get(write.requestId);
        if (found !== undefined) return [found];
      }
      throw new RowFault(INVALID_TEXT, `'${field}' holds ${reason}, which PostgreSQL cannot store unchanged`);
    }
    return await unit(() => this.#keep(writes));
  }

  async #keep(writes: readonly PlacedWrite[]): Promise<Kept[]> {
    const { session, ledger, batch: { batchId } } = this;
    const inserted = await ledger.insert(session, writes, batchId, this.#at);
    const fresh = inserted === undefined ? writes : writes.filter(({ requestId }) => inserted.has(requestId));
    const known = inserted === undefined ? [] : writes.filter(({ requestId }) => !inserted.has(requestId));
    const found = known.length === 0 ? undefined : await ledger.find(session, known);
    const results = await this.#apply(fresh);
    const committed: Kept = { status: "committed", batchId, committedAt: this.#at };
    return writes.map(({ requestId }) => {
      if (inserted === undefined || inserted.has(requestId)) {
        const result = results.get(requestId);
        return result === undefined ? committed : { ...committed, result: JSON.parse(result) };
      }
      const outcome = found?.get(requestId);
      if (outcome === undefined) throw new RowFault(IGNORED, "a trigger left the ledger row out");
      return outcome;
    });
  }

  /** Runs `apply` for writes that are in the ledger since a moment, and keeps its results, which it returns by id. */
  async #apply(fresh: readonly SinkWrite[]): Promise<ReadonlyMap<string, string>> {
    const { apply, applyTimeoutMs } = this.options;
    if (apply === undefined || fresh.length === 0) return new Map();
    const tx = new PostgresTransaction(this.session);
    let answers: (string | null)[];
    try {
      answers = await runApply(apply, tx, fresh, applyTimeoutMs);
    } finally {
      tx.end();
    }
    tx.check();
    const results = answers.flatMap((json, index) => json === null ? [] : [[fresh[index].requestId, json] as const]);
    if (results.length > 0) await this.ledger.setResults(this.session, results);
    return new Map(results);
  }

  readonly #transaction: Unit = async (body) => {
    await this.session.begin();
    try {
      const value = await body();
      await this.session.commit();
      return value;
    } catch (error) {
      await this.session.rollback();
      throw error;
    }
  };

  /** The first attempt of a transaction needs no savepoint: there is nothing before it to keep. */
  readonly #attempt: Unit = async (body) => {
    const { session } = this;
    const first = this.#attempts++ === 0;
    if (!first) await session.control("SAVEPOINT attempt");
    try {
      const value = await body();
      if (!first) await session.control("RELEASE SAVEPOINT attempt");
      return value;
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      if (first) {
        await session.rollback();
        await session.begin();
      } else {
        await session.control("ROLLBACK TO SAVEPOINT attempt");
        await session.control("RELEASE SAVEPOINT attempt");
      }
      throw error;
    }
  };
}
