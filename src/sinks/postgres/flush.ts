/**
 * Writes one batch to a PostgreSQL ledger.
 *
 * @module
 */

import { type Apply, runApply } from "../apply.ts";
import { RowFault } from "../isolate.ts";
import type { Destination, PostgresLedger, RunStatement } from "./ledger.ts";
import type { PostgresSession } from "./session.ts";
import { PostgresTransaction } from "./transaction.ts";
import { unstorable } from "./value.ts";
import { type Kept, settleBatch, type SettleSteps } from "../settle_batch.ts";
import { type Committed, type Outcome, type SinkBatch, SinkError, type SinkWrite } from "../sink.ts";
import { INVALID_TEXT } from "../storable_text.ts";

/** How to write batches. */
export interface PostgresFlushOptions {
  readonly apply: Apply<PostgresTransaction> | undefined;
  readonly applyName: string | null;
  /** Names the ledger in messages. */
  readonly description: string;
  readonly applyTimeoutMs: number;
}

/** Runs `body`, and undoes its effect on the database when it throws a {@linkcode RowFault}. */
type Unit = <T>(body: () => Promise<T>) => Promise<T>;

/** Runs `body` as a part of the unit that is open. */
const joined: Unit = (body) => body();

/** The SQLSTATE of a request id that is in the ledger, or of a row that a unique index of the user refuses. */
const UNIQUE_VIOLATION = "23505";

/** For how many batches request ids that are in the ledger are expected after one was met. */
const EXPECT_BATCHES = 100;

/**
 * Whether request ids are expected that are in the ledger: then it is asked first. Else an insert is tried that fails,
 * and is an error in the server's log, if there is one after all.
 */
export class ExpectedRepeats {
  #batches = 0;

  /** Whether the next batch is expected to have some. */
  get expected(): boolean {
    return this.#batches > 0;
  }

  /** Learns whether a batch had some. */
  seen(any: boolean): void {
    this.#batches = any ? EXPECT_BATCHES : Math.max(0, this.#batches - 1);
  }
}

/** A batch cannot be written by one statement. */
class NeedsTransaction extends Error {}

/** `errorType` of a row that neither went into the ledger nor is there: a trigger left it out. */
const IGNORED = "IGNORED";

const LEFT_OUT = "a trigger left the ledger row out";

/** Writes one batch through one session, and is of no use after that. */
export class PostgresFlush {
  /** The database's time at the first statement that inserted rows: that of the whole batch. */
  #at: string | null = null;
  #attempts = 0;
  /** Whether nothing was kept since the last savepoint. */
  #atSavepoint = false;
  /** Whether the batch was refused as a whole, so that there is no use in trying it again. */
  #refused = false;
  /** Whether some of the batch is in the ledger for good, whatever becomes of the rest. */
  #stored = false;

  constructor(
    private readonly session: PostgresSession,
    private readonly ledger: PostgresLedger,
    private readonly repeats: ExpectedRepeats,
    private readonly options: PostgresFlushOptions,
    private readonly batch: SinkBatch,
  ) {}

  /**
   * Writes the batch in one transaction.
   *
   * @throws {SinkError} As `Sink.write` does.
   */
  async write(): Promise<Outcome[]> {
    try {
      return await this.#writeAlone() ?? await this.#writeInTransaction();
    } catch (error) {
      if (!this.#stored || !(error instanceof SinkError)) throw error;
      throw new SinkError(error.kind, "unknown", error.message, { cause: error });
    }
  }

  /**
   * Writes the batch by one statement, which is a transaction by itself, if nothing else has to be in it.
   *
   * @returns `undefined` if it cannot be done so, because of `apply` or of a row that is refused.
   */
  async #writeAlone(): Promise<Outcome[] | undefined> {
    const { batch: { writes }, options } = this;
    if (options.apply !== undefined || writes.some((write) => unstorable(write) !== undefined)) return undefined;
    try {
      return await settleBatch(writes, { ...this.#steps(joined, joined), keep: (part) => this.#keepAlone(part) });
    } catch (error) {
      if (error instanceof NeedsTransaction) return undefined;
      throw error;
    }
  }

  async #keepAlone(writes: readonly SinkWrite[]): Promise<Kept[]> {
    const { session, ledger, repeats } = this;
    const into = this.#destination(0);
    const all: RunStatement = async (sql, ...values) => {
      const rows = await session.allAlone(sql, ...values);
      if (rows[0].count as number > 0) this.#stored = true;
      return rows;
    };
    try {
      if (!repeats.expected) {
        const count = await ledger.insertNew(this.#timed(all), writes, into);
        if (count === "none") await this.#refuseLedger();
        if (count !== writes.length) throw new RowFault(IGNORED, LEFT_OUT);
        return writes.map(() => this.#committed);
      }
      const kept = await this.#keep(writes, all);
      repeats.seen(kept.some(({ status }) => status !== "committed"));
      return kept;
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      if (!repeats.expected && error.errorType === UNIQUE_VIOLATION) {
        repeats.seen(true);
        return await this.#keepAlone(writes);
      }
      // One attempt is all: rows are isolated in a transaction.
      this.#refused = true;
      throw new NeedsTransaction();
    }
  }

  async #writeInTransaction(): Promise<Outcome[]> {
    try {
      return await this.#transaction(async () => {
        // The inserts check it, but there may be none.
        if (this.batch.writes.every((write) => unstorable(write) !== undefined)) await this.#checkLedger();
        return await settleBatch(this.batch.writes, this.#steps(this.#attempt, joined));
      });
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      this.#refused = true;
      return await this.#writeInParts();
    }
  }

  /** For a deferred constraint, which no savepoint shows: each attempt is a transaction, so COMMIT isolates the row. */
  async #writeInParts(): Promise<Outcome[]> {
    const unit: Unit = async (body) => {
      const value = await this.#transaction(body);
      this.#stored = true;
      return value;
    };
    return await settleBatch(this.batch.writes, this.#steps(unit, unit));
  }

  #steps(keepUnit: Unit, rejectUnit: Unit): SettleSteps {
    const { session, ledger, batch } = this;
    return {
      keep: (writes) => this.#keepStorable(writes, keepUnit),
      find: async (write) => (await ledger.find(session, [write])).get(write.requestId),
      reject: (rejections) => rejectUnit(() => ledger.reject(session, rejections, batch, this.#at)),
      refused: this.#refused,
    };
  }

  /** Asks the server about nothing that it cannot store, but for what it may know of such a write's request id. */
  async #keepStorable(writes: readonly SinkWrite[], unit: Unit): Promise<Kept[]> {
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
    return await unit(() => this.#keep(writes, this.session.all.bind(this.session)));
  }

  /** @param all Runs the statement that inserts. */
  async #keep(writes: readonly SinkWrite[], all: RunStatement): Promise<Kept[]> {
    const { session, ledger, batch: { batchId } } = this;
    const place = this.batch.writes.indexOf(writes[0]);
    const inserted = await ledger.insert(this.#timed(all), writes, this.#destination(place));
    if (inserted === "none") return await this.#refuseLedger();
    const fresh = inserted === undefined ? writes : writes.filter(({ requestId }) => inserted.has(requestId));
    const known = inserted === undefined ? [] : writes.filter(({ requestId }) => !inserted.has(requestId));
    const found = known.length === 0 ? undefined : await ledger.find(session, known);
    const results = await this.#apply(fresh);
    const committed = this.#committed;
    return writes.map(({ requestId }) => {
      if (inserted === undefined || inserted.has(requestId)) {
        const result = results.get(requestId);
        return result === undefined ? committed : { ...committed, result: JSON.parse(result) };
      }
      const outcome = found?.get(requestId);
      if (outcome === undefined) throw new RowFault(IGNORED, LEFT_OUT);
      // It is of this call, which had a statement of its own before it needed a transaction.
      const own = outcome.status === "duplicate" && outcome.batchId === batchId && outcome.committedAt === this.#at;
      return own ? committed : outcome;
    });
  }

  /** Keeps the time that the first insert answers. */
  #timed(all: RunStatement): RunStatement {
    return async (sql, ...values) => {
      const rows = await all(sql, ...values);
      this.#at ??= rows[0].committed_at as string;
      return rows;
    };
  }

  /** The outcome of a write that went in; something has been inserted before. */
  get #committed(): Committed {
    return { status: "committed", batchId: this.batch.batchId, committedAt: this.#at! };
  }

  #destination(place: number): Destination {
    const { batch: { batchId, ledger: wanted }, options: { applyName } } = this;
    return { place, batchId, committedAt: this.#at, wanted, applyName };
  }

  #checkLedger(): Promise<void> {
    const { session, ledger, batch, options: { applyName, description } } = this;
    return ledger.check(session, applyName, batch.ledger, description);
  }

  /** Says which ledger it is that a statement has found to be another one. */
  async #refuseLedger(): Promise<never> {
    await this.#checkLedger();
    throw new SinkError("unavailable", "no", `${this.options.description}: the ledger has changed a moment ago`);
  }

  /** Runs `apply` for writes that are in the ledger since a moment, and keeps its results, which it returns by id. */
  async #apply(fresh: readonly SinkWrite[]): Promise<ReadonlyMap<string, string>> {
    const { apply, applyTimeoutMs } = this.options;
    if (apply === undefined || fresh.length === 0) return new Map();
    const tx = new PostgresTransaction(this.session);
    const applyAll: Apply<PostgresTransaction> = async (tx, writes) => {
      const results = await apply(tx, writes);
      await tx.settle();
      return results;
    };
    let answers: (string | null)[];
    try {
      answers = await runApply(applyAll, tx, fresh, applyTimeoutMs);
    } finally {
      await tx.end();
    }
    const results = answers.flatMap((json, index) => json === null ? [] : [[fresh[index].requestId, json] as const]);
    if (results.length > 0) await this.ledger.setResults(this.session, results);
    return new Map(results);
  }

  readonly #transaction: Unit = async (body) => {
    this.session.begin();
    try {
      const value = await body();
      await this.session.commit();
      return value;
    } catch (error) {
      await this.session.rollback();
      throw error;
    }
  };

  /**
   * The first attempt of a transaction needs no savepoint: there is nothing before it to keep. Savepoints of attempts that
   * were kept stay until COMMIT: one name is for the last of them, and to release each is a statement more.
   */
  readonly #attempt: Unit = async (body) => {
    const { session } = this;
    const first = this.#attempts++ === 0;
    if (!first && !this.#atSavepoint) session.ahead("SAVEPOINT attempt");
    try {
      const value = await body();
      this.#atSavepoint = false;
      return value;
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      if (first) session.beginAnew();
      else session.ahead("ROLLBACK TO SAVEPOINT attempt");
      this.#atSavepoint = !first;
      throw error;
    }
  };
}
