/**
 * A sink that forgets: for tests, and to read before writing a sink of one's own.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import type { LedgerIdentity } from "../protocol/messages.ts";
import { type Apply, APPLY_TIMEOUT_MS, runApply } from "./apply.ts";
import type { RowFault } from "./isolate.ts";
import { checkLedger, resolveApplyName, unnamedRows } from "./ledger_identity.ts";
import { isSameWrite } from "./same_write.ts";
import { Serial } from "./serial.ts";
import { type Kept, settleBatch } from "./settle_batch.ts";
import {
  type Committed,
  type Conflict,
  type Duplicate,
  type Outcome,
  type Sink,
  type SinkBatch,
  SinkError,
  type SinkWrite,
} from "./sink.ts";

/** A ledger row. */
export interface MemoryLedgerRow {
  readonly write: SinkWrite;
  readonly committed: Committed;
}

/** A row of the dead-letter table. */
export interface MemoryDeadLetter {
  readonly write: SinkWrite;
  readonly fault: RowFault;
  readonly batchId: string;
  readonly rejectedAt: string;
}

/** The database of one or more memory sinks. Look into it, and leave it as it is. */
export class MemoryStore {
  readonly ledger = new Map<string, MemoryLedgerRow>();
  readonly deadLetters = new Map<string, MemoryDeadLetter>();
  /** Which ledger this is; another one has another store. */
  self: LedgerIdentity = { identity: randomUUID(), epoch: randomUUID() };
  /** Names the effect that the rows went through. */
  applyName: string | null = null;
  /** What `apply` has set. */
  readonly values = new Map<string, unknown>();
  /** Stands for the write lock. */
  readonly lock = new Serial();
}

/** What `apply` may do. Nothing of it is seen by others, or kept, until the transaction commits. */
export interface MemoryTransaction {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

/** How to make a memory sink. */
export interface MemorySinkOptions {
  /** @default A store of its own. */
  readonly store?: MemoryStore;
  /** @default The ledger row is the only effect. */
  readonly apply?: Apply<MemoryTransaction>;
  /** Names what `apply` does, and is required with it. */
  readonly applyName?: string;
}

/** Keeps its promises (see `Sink`) as long as the process lives. */
export class MemorySink implements Sink {
  readonly description = "memory:";
  readonly #store: MemoryStore;
  readonly #apply: Apply<MemoryTransaction> | undefined;
  readonly #applyName: string | null;
  #closed = false;

  /** @throws {SinkError} If the store's rows went through another effect. */
  constructor(options: MemorySinkOptions = {}) {
    const store = this.#store = options.store ?? new MemoryStore();
    this.#apply = options.apply;
    const applyName = this.#applyName = resolveApplyName(options.apply, options.applyName);
    if (store.applyName === null && applyName !== null) {
      if (store.ledger.size > 0) throw unnamedRows(applyName, this.description);
      store.applyName = applyName;
    }
    this.#checkLedger(undefined);
  }

  #checkLedger(wanted: LedgerIdentity | undefined): void {
    const { self, applyName } = this.#store;
    checkLedger({ ...self, applyName }, this.#applyName, wanted, this.description);
  }

  identify(): Promise<LedgerIdentity> {
    return Promise.resolve(this.#store.self);
  }

  async write({ batchId, writes, ledger }: SinkBatch): Promise<Outcome[]> {
    this.#checkOpen();
    return await this.#store.lock.run(async () => {
      this.#checkLedger(ledger);
      const transaction = new Transaction(this.#store);
      const at = new Date().toISOString();
      const outcomes = await settleBatch(writes, {
        keep: async (part) => {
          // Merged only when it did not throw: this is the savepoint.
          const attempt = new Transaction(transaction);
          const kept = await this.#keep(attempt, part, batchId, at);
          attempt.merge();
          return kept;
        },
        find: (write) => Promise.resolve(find(transaction, write)),
        reject: (rejections) => {
          for (const { write, fault } of rejections) {
            transaction.deadLetters.set(write.requestId, { write, fault, batchId, rejectedAt: at });
          }
          return Promise.resolve();
        },
      });
      transaction.merge();
      return outcomes;
    });
  }

  async #keep(attempt: Transaction, writes: readonly SinkWrite[], batchId: string, at: string): Promise<Kept[]> {
    const found = writes.map((write) => find(attempt, write));
    const fresh = writes.filter((_, index) => found[index] === undefined);
    const results = this.#apply === undefined || fresh.length === 0
      ? []
      : await runApply(this.#apply, attempt, fresh, APPLY_TIMEOUT_MS);
    let position = 0;
    return writes.map((write, index) => {
      const known = found[index];
      if (known !== undefined) return known;
      const result = results[position++] ?? null;
      const bare: Committed = { status: "committed", batchId, committedAt: at };
      const committed = result === null ? bare : { ...bare, result: JSON.parse(result) };
      attempt.ledger.set(write.requestId, { write, committed });
      return committed;
    });
  }

  countCommitted(): Promise<number> {
    return Promise.resolve(this.#store.ledger.size);
  }

  countCommittedOf(requestIds: readonly string[]): Promise<number> {
    return Promise.resolve([...new Set(requestIds)].filter((id) => this.#store.ledger.has(id)).length);
  }

  countRejected(): Promise<number> {
    return Promise.resolve(this.#store.deadLetters.size);
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #checkOpen(): void {
    if (this.#closed) throw new SinkError("setup", "no", "Cannot use 'memory:' after it was closed");
  }
}

type Tables = Pick<MemoryStore, "ledger" | "deadLetters" | "values">;

/** Rows on top of those of a base, until they are merged into it. */
class Transaction implements Tables, MemoryTransaction {
  readonly ledger: Overlay<MemoryLedgerRow>;
  readonly deadLetters: Overlay<MemoryDeadLetter>;
  readonly values: Overlay<unknown>;
  readonly #base: Tables;

  constructor(base: Tables) {
    this.#base = base;
    this.ledger = new Overlay(base.ledger);
    this.deadLetters = new Overlay(base.deadLetters);
    this.values = new Overlay(base.values);
  }

  get(key: string): unknown {
    return this.values.get(key);
  }

  set(key: string, value: unknown): void {
    this.values.set(key, value);
  }

  /** Moves all rows into the base; a write that is now in the ledger is no longer a dead letter. */
  merge(): void {
    for (const requestId of this.ledger.keys()) this.#base.deadLetters.delete(requestId);
    for (const [key, row] of this.ledger) this.#base.ledger.set(key, row);
    for (const [key, row] of this.deadLetters) this.#base.deadLetters.set(key, row);
    for (const [key, value] of this.values) this.#base.values.set(key, value);
  }
}

/** A map that reads through to the one below it. */
class Overlay<T> extends Map<string, T> {
  readonly #below: Map<string, T>;

  constructor(below: Map<string, T>) {
    super();
    this.#below = below;
  }

  override get(key: string): T | undefined {
    return super.has(key) ? super.get(key) : this.#below.get(key);
  }
}

function find(tables: Tables, write: SinkWrite): Duplicate | Conflict | undefined {
  const row = tables.ledger.get(write.requestId);
  if (row === undefined) return undefined;
  if (!isSameWrite(row.write, write)) return { status: "conflict" };
  const { mark } = row.write;
  return { ...row.committed, status: "duplicate", ...(mark !== undefined && { mark }) };
}
