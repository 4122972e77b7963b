/**
 * What goes over the wire between a writer, a batcher and a flush.
 *
 * Passing a write through the workflow sandbox is most of its cost, so the sandbox sees as little of it as it can:
 * ids and digests, which it must compare, and one block of bytes that it hands on without looking inside. Answers are
 * run-length encoded: 500 receipts of one flush are one run.
 *
 * @module
 */
import { LIMITS } from "./limits.ts";
import type { BatchingOptions, ResolvedBatchingOptions } from "./options.ts";

/** Version of the messages in this file. Version 1, whose digests are shorter, is understood too. */
export const PROTOCOL_VERSION = 2;

/** First argument of `submitWrites`; readable in the Web UI. */
export interface SubmissionHeader {
  readonly version: number;
  /** Which writer sends this. */
  readonly writer: string;
  /**
   * Names the delivery that this Update belongs to: a random whole number up to 2^53 - 1, the same for each try of it. The
   * ledger keeps it with the row, so that a delivery whose answer was lost recognizes its own row: `committed`, and not
   * `duplicate`. Left out by writers that do not know it.
   */
  readonly mark?: number;
  /** Request ids, in the order in which they were submitted, none twice. */
  readonly ids: readonly string[];
  /** Digests of the writes, one after the other; `digests.ts` says how long each is. */
  readonly digests: string;
  /** Partition keys, one for each id; left out where no write has one. */
  readonly keys?: readonly (string | null)[];
  /**
   * Payloads of this many bytes and more are stored outside of the history, and take no more in it than a reference
   * ({@linkcode wireBytes}); left out where all are inline. It holds for the arguments and for the answer.
   */
  readonly storedFromBytes?: number;
  /**
   * Which part of a write this is that is too large for one Update: the body is a slice of its line. Parts come in order;
   * the last one is answered with the receipt, the others with no runs at once.
   */
  readonly part?: { readonly index: number; readonly count: number };
}

/** From which size on payloads are stored outside of the history. */
export type StoredPayloads = Pick<SubmissionHeader, "storedFromBytes">;

/** What a payload takes in a workflow task and in the history. */
export function wireBytes(payloadBytes: number, { storedFromBytes }: StoredPayloads): number {
  return storedFromBytes !== undefined && payloadBytes >= storedFromBytes ? LIMITS.bodyReferenceBytesMax : payloadBytes;
}

/** Key of an {@linkcode UnreadBody}. */
export const UNREAD_BODY_KEY = "unreadBody" as const;

/** Comes in place of a header or a body that is stored outside of the history and cannot be read. */
export interface UnreadBody {
  readonly [UNREAD_BODY_KEY]: "missing" | "unreadable" | "unconfigured";
  readonly message: string;
}

/** Finds the first argument that is an {@linkcode UnreadBody}. */
export function unreadBodyIn(...args: readonly unknown[]): UnreadBody | undefined {
  return args.find((arg): arg is UnreadBody =>
    typeof arg === "object" && arg !== null && !(arg instanceof Uint8Array) && UNREAD_BODY_KEY in arg
  );
}

/**
 * Arguments of `submitWrites`: the header, and the data of all writes as bytes: one line of JSON in UTF-8 for each
 * id, joined by line feeds, none at the end. Sent as a `binary/plain` payload.
 */
export type SubmitWritesArgs = [header: SubmissionHeader, body: Uint8Array];

/** What became of one or more writes in a row that share batch, time and status. */
export type ReceiptRun =
  | {
    readonly count: number;
    readonly status: "committed" | "duplicate";
    readonly batchId: string;
    readonly committedAt: string;
    /** One for each write; left out where the sink's `apply` returned nothing. */
    readonly results?: readonly unknown[];
    /** Set where `apply` returned something, but all of it together was too large for an answer. */
    readonly resultOmitted?: true;
  }
  | {
    readonly count: number;
    /**
     * `rejected`: the database refused this row. `conflict`: the ledger holds this id with another digest.
     * `failed`: certainly not written. `unknown`: may have been written; sending it again is safe.
     */
    readonly status: "rejected" | "conflict" | "failed" | "unknown";
    readonly batchId: string;
    readonly errorType: string;
    readonly errorMessage: string;
  };

/** Answer of `submitWrites`: runs whose counts add up to the number of ids, in their order. */
export interface SubmitWritesAnswer {
  readonly runs: readonly ReceiptRun[];
}

/** Which ledger it is that a sink writes to. */
export interface LedgerIdentity {
  /** Names the ledger for as long as it exists. */
  readonly identity: string;
  /** Another one after rows were taken out of it: by a prune, or by a restore and `deno task ledger renew`. */
  readonly epoch: string;
}

/** First argument of `flushBatch`; the data of each piece follows as an argument of its own, in the same order. */
export interface FlushHeader {
  readonly batchId: string;
  readonly pieces: readonly {
    readonly ids: readonly string[];
    readonly digests: string;
    readonly keys?: readonly (string | null)[];
    /** That of the submission. */
    readonly mark?: number;
  }[];
  /**
   * Whether this very flush may have run before, in a worker that was lost before it answered.
   * @default {false}
   */
  readonly mayRepeat?: boolean;
  /** The ledger that the batch is for; left out by a batcher that does not know it yet. A batch of nothing only asks. */
  readonly ledger?: LedgerIdentity;
  /**
   * JSON bytes that the answer may have.
   * @default {LIMITS.answerBytesMax}
   */
  readonly answerBytesMax?: number;
  /**
   * JSON bytes that the answer may have if the worker stores it outside of the history; left out where a writer of the batch
   * could not read it there.
   */
  readonly storedAnswerBytesMax?: number;
}

/** Arguments of the `flushBatch` activity. */
export type FlushBatchArgs = [header: FlushHeader, ...bodies: Uint8Array[]];

/** Answer of the `flushBatch` activity. */
export interface FlushBatchAnswer {
  readonly runs: readonly ReceiptRun[];
  /** The ledger that has the batch; workers of an earlier version leave it out. */
  readonly ledger?: LedgerIdentity;
  /** From which size on the worker has stored this answer, and stores others, outside of the history. */
  readonly storedFromBytes?: number;
}

/** Receipts that a batcher remembers, as they travel to the next run: column by column, which keeps them small. */
export interface SettledSnapshot {
  readonly ids: readonly string[];
  readonly digests: string;
  /** Batch, time and mark of the ids, in their order. Runs that knew no marks left them out. */
  readonly batches: readonly (readonly [batchId: string, committedAt: string, count: number, mark?: number])[];
}

/** What a batcher knows of its ledger, for its next run. */
export interface LedgerSnapshot extends LedgerIdentity {
  /** `identity/epoch` of what it has given up for this one, the newest last. Earlier runs left the epoch out. */
  readonly givenUp: readonly string[];
  /** Whether other workers were asked for their ledgers; left out by runs that did not ask, or got no answer. */
  readonly compared?: boolean;
}

/** What a batcher hands to its next run. */
export interface BatcherSnapshot {
  readonly version: number;
  /** How often it has continued as new. */
  readonly generation: number;
  readonly settled: SettledSnapshot;
  /** Writers with a place, and when each was last heard of; left out by runs that knew no lanes. */
  readonly writers?: readonly (readonly [writer: string, seenAtMs: number])[];
  /** Left out by runs that did not know their ledger. */
  readonly ledger?: LedgerSnapshot;
}

/** Argument of the batcher workflow. */
export interface BatcherInput {
  /** A missing option has its default: an earlier run, or another program, may not know it. */
  readonly options?: BatchingOptions;
  readonly snapshot?: BatcherSnapshot;
  /**
   * Which commands the run issues, as a run must keep to those with which its history began.
   * 1: keeps each workflow task within {@linkcode LIMITS.taskOwnBytesMax}.
   * 2: asks other workers whether they have the ledger that the first flush has found.
   * 3: asks them three times more after another ledger has taken its place.
   * @default {0}
   */
  readonly revision?: number;
  /**
   * Whether the batcher ends once it has been idle for a lease: for the lanes above the first, which a crowd leaves behind.
   * @default {false}
   */
  readonly endsWhenIdle?: boolean;
}

/** The newest {@linkcode BatcherInput.revision}. */
export const BATCHER_REVISION = 3;

/** Answer of the query `getStats`. Counters are of this run unless they say otherwise. */
export interface BatcherStats {
  readonly pendingWrites: number;
  readonly pendingBytes: number;
  readonly admittedUpdates: number;
  /** Writes admitted, attached ones not counted. */
  readonly admittedWrites: number;
  readonly flushes: number;
  /** Flushes whose first, fast attempt succeeded. */
  readonly fastFlushes: number;
  /** Flushes that needed the durable activity. */
  readonly durableFlushes: number;
  /** Flushes whose outcome is unknown or that certainly failed, after every retry. */
  readonly failedFlushes: number;
  readonly rememberedWrites: number;
  /** The ledger that it writes to, once a flush has named it. */
  readonly ledger?: LedgerIdentity;
  /** Whether its workers have different ledgers: then it stores nothing. */
  readonly ledgerSplit: boolean;
  /** Writers with a place. */
  readonly writers: number;
  /** How often this batcher has continued as new, over all runs. */
  readonly generation: number;
  readonly continueAsNewSuggested: boolean;
  readonly historyLength: number;
  readonly limits: ResolvedBatchingOptions;
}
