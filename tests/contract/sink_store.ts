/**
 * What the sink contract needs to know about a sink and its database.
 *
 * @module
 */

import type { NewWrite } from "../../src/sinks/apply.ts";
import type { Sink, SinkBatch, SinkWrite } from "../../src/sinks/sink.ts";

/** A ledger row as the database holds it: text exactly as it is stored, `result` as JSON text. */
export interface StoredWrite {
  readonly requestId: string;
  readonly digest: string;
  readonly data: string;
  readonly partitionKey: string | null;
  readonly batchId: string;
  readonly committedAt: string;
  readonly result: string | null;
}

/** A dead-letter row as the database holds it. */
export interface StoredRejection {
  readonly requestId: string;
  readonly data: string;
  readonly errorType: string;
  readonly errorMessage: string;
  readonly batchId: string;
  readonly rejectedAt: string;
}

/** Handles one new write; returns its result, throws to refuse it. */
export type EachWrite = (write: NewWrite) => unknown;

/** An empty database, and ways to look into it that do not go through the sink under test. */
export interface SinkStore extends AsyncDisposable {
  /**
   * Opens a sink with a connection of its own.
   *
   * @param each If given, the sink has an `apply` that, for each write in order, records its request id as an effect
   * in the transaction and *then* awaits `each(write)`; it returns what these calls returned. Its name is always the same.
   */
  open(each?: EachWrite): Promise<Sink>;
  /** The ledger, in the order of insertion. */
  ledger(): Promise<StoredWrite[]>;
  /** The dead-letter table, in any order. */
  deadLetters(): Promise<StoredRejection[]>;
  /** The recorded effects, in order. */
  effects(): Promise<string[]>;
}

/** A kind of sink to put under the contract. */
export interface ContractTarget {
  /** Stands before the name of each test. */
  readonly name: string;
  /** Makes an empty database; called for each test. */
  createStore(): Promise<SinkStore>;
}

/** A test of the contract. */
export interface ContractTest {
  readonly name: string;
  run(store: SinkStore): Promise<void>;
}

/** Name of the effect of a sink that a store opens with `each`. */
export const EACH = "each";

/** Gives options with an `apply` the name that they lack, where its effect is not what a test is about. */
export function withName<T extends { readonly apply?: unknown; readonly applyName?: string }>(options: T): T {
  return options.apply === undefined ? options : { applyName: EACH, ...options };
}

/** Makes a write; without `data` its row is `{"id":requestId}`, without `digest` that is made from the row. */
export function makeWrite(requestId: string, fields: Partial<SinkWrite> = {}): SinkWrite {
  const data = fields.data ?? JSON.stringify({ id: requestId });
  return { requestId, data, digest: `digest of ${data.length} ${data.slice(0, 100)}`, partitionKey: null, ...fields };
}

/** Makes a batch of writes with default rows. */
export function makeBatch(batchId: string, requestIds: readonly string[]): SinkBatch {
  return { batchId, writes: requestIds.map((id) => makeWrite(id)) };
}

/** Makes `count` request ids. */
export function makeIds(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}/${index}`);
}
