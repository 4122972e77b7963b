/**
 * Every limit, with its unit in its name and its source beside it.
 *
 * @module
 */

/** What the server enforces with its default settings. */
export const SERVER_LIMITS = {
  /** Updates in flight for one workflow run: `history.maxInFlightUpdates`. One over it aborts all of them. */
  updatesInFlightMax: 10,
  /** Updates in one workflow run, finished ones included: `history.maxTotalUpdates`. */
  updatesTotalMax: 2_000,
  /** Size of one payload: `limit.blobSize.error`. */
  payloadBytesMax: 2 * 1024 * 1024,
  /** Length of a workflow id: `limit.maxIDLength`. */
  workflowIdCharsMax: 1_000,
} as const;

/** What this project enforces. */
export const LIMITS = {
  /** Holds the default id of a workflow's write: a workflow id, a run id, a counter and two slashes. */
  requestIdCharsMax: 1_100,
  /** An account, an order, a tenant: a name, not a document. */
  partitionKeyCharsMax: 256,
  /** UTF-8 bytes of the name of a group of batchers, which is part of workflow ids and of each batch id. */
  batcherNameBytesMax: 200,
  /** A writer's id: ours is a UUID. */
  writerIdCharsMax: 100,
  /** Largest `writersMax`: every place of a writer travels in the snapshot. */
  writersMax: 100,
  /** Largest `shards`: a writer has an Update in flight for each of them. */
  shardsMax: 1_024,
  /** Writes in one Update. Above 2,000 the gain is small: the sandbox is busy longer than the gathering saves. */
  updateWritesMax: 2_000,
  /** Ids, keys and data of one Update; half of what the server takes, as a durable flush repeats it with a header. */
  updateBytesMax: 1024 * 1024,
  /** Largest `maxBatchBytes`: a durable flush stores its batch as one payload. */
  batchBytesMax: 1024 * 1024,
  /** Largest `maxBatchWrites`. */
  batchWritesMax: 10_000,
  /** Settled writes that a batcher remembers. The ledger knows the others: forgetting costs time, never truth. */
  rememberedWritesMax: 2_000,
  /** JSON bytes of the ids and digests that a batcher remembers; what bounds the snapshot when ids are long. */
  rememberedBytesMax: 128 * 1024,
  /** Snapshot handed to the next run, as JSON in UTF-8. */
  snapshotBytesMax: 256 * 1024,
  /** JSON bytes of the answer to an Update or a flush: below what the server takes, with room for what is around it. */
  answerBytesMax: 1536 * 1024,
  /** Payloads of this size and more are stored outside of the history, where that is set up. */
  bodyThresholdBytes: 16 * 1024,
  /** Youngest body that a sweep looks at: an Update on its way is over by then, also by clocks that differ. */
  bodySweepAgeMinMs: 10 * 60_000,
  /**
   * Bytes of stored bodies that one run takes before it rolls over: a worker that replays the run reads all of them, and
   * has no more time for it than a workflow task.
   */
  runBodiesBytesMax: 64 * 1024 * 1024,
  /** How long a run that has taken bodies goes on: until then they must not be removed. */
  runBodiesMsMax: 60 * 60_000,
  /** Bodies that a process keeps after it has read them: a batcher's pending writes four times. */
  bodyCacheBytesMax: 64 * 1024 * 1024,
  /** A payload that refers to a stored body: an S3 key may have 1,024 bytes, and a bucket and a digest come with it. */
  bodyReferenceBytesMax: 2 * 1024,
  /** Name of a sink's effect: a word for people and for a comparison. */
  applyNameCharsMax: 100,
  /** Identity and epoch of a ledger: ours are UUIDs. */
  ledgerIdCharsMax: 100,
  /** Ledgers that a batcher remembers to have given up. */
  ledgersGivenUpMax: 4,
  /** Workers that are asked for their ledger where two were seen: so many that chance hardly ever leaves one of two out. */
  ledgerAnswers: 8,
  /** How long a batcher that met two ledgers refuses writes before it asks again: long enough to be noticed. */
  ledgerSplitMs: 10_000,
  /** Other ledgers that one flush may meet before it is given up. */
  ledgerChangesMax: 3,
  /** Characters of an error message that a receipt or a failure carries. */
  errorMessageCharsMax: 500,
} as const;

const UUID_CHARS = 36;
const COUNTER_CHARS = 12;
const SHARD_CHARS = `${LIMITS.shardsMax - 1}`.length;

// The server counts the bytes of a workflow id. The other parts are digits and slashes.
if (LIMITS.batcherNameBytesMax + SHARD_CHARS + COUNTER_CHARS + 2 > SERVER_LIMITS.workflowIdCharsMax) {
  throw new Error("limits: batcherNameBytesMax leaves no room for shard and lane in a workflow id");
}

if (LIMITS.requestIdCharsMax < SERVER_LIMITS.workflowIdCharsMax + UUID_CHARS + COUNTER_CHARS + 2) {
  throw new Error("limits: requestIdCharsMax does not hold a workflow's default request id");
}
if (2 * LIMITS.batchBytesMax > SERVER_LIMITS.payloadBytesMax) {
  throw new Error("limits: batchBytesMax leaves no room for the header of a durable flush");
}
// The other half is for batches, writers, counters and punctuation.
if (2 * LIMITS.rememberedBytesMax > LIMITS.snapshotBytesMax) {
  throw new Error("limits: the remembered writes do not fit into a snapshot");
}
