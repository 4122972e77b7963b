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
  /**
   * One request, and so all that completes one workflow task: gRPC's default for received messages, which the frontend
   * keeps. Over it the server terminates the workflow.
   */
  requestBytesMax: 4 * 1024 * 1024,
  /** History of one run: `limit.historySize.error`. Over it the server terminates the run. */
  historyBytesMax: 50 * 1024 * 1024,
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
  /** Updates in flight that the server must allow above `writersMax`: newcomers need room to ask. */
  newcomersMax: 4,
  /** Largest `shards`: a writer has an Update in flight for each of them. */
  shardsMax: 1_024,
  /** Writes in one Update. Above 2,000 the gain is small: the sandbox is busy longer than the gathering saves. */
  updateWritesMax: 2_000,
  /** Id, key and data of one write; half of what the server takes, as a durable flush repeats it with a header. */
  writeBytesMax: 1024 * 1024,
  /** Writes that wait in a writer, by default. */
  waitingWrites: 50_000,
  /** Bytes that wait in a writer, by default. */
  waitingBytes: 64 * 1024 * 1024,
  /** One line of a command's input: half of a write, as its canonical form may be longer, and id and key come with it. */
  lineBytesMax: 512 * 1024,
  /** Parts of a write that is too large for one Update: enough for the largest, with `writersMax` of 100 and a codec. */
  writePartsMax: 256,
  /**
   * All Updates that meet in one workflow task, as they are sent, with their refusals. The SDK returns the request of each
   * Update with the task's completion, also that of a refused one.
   */
  taskRequestBytesMax: 2 * 1024 * 1024,
  /**
   * All else that completes one workflow task, before a codec: markers of fast flushes, answers, inputs of durable
   * flushes, the snapshot.
   */
  taskOwnBytesMax: 1_376_256,
  /**
   * Header and body of an Update of a writer that no batcher has let in yet: so that those which have a place can send
   * more, and that a crowd of some sixty fits into one workflow task where a server lets so many be in flight.
   */
  newcomerBytesMax: 16 * 1024,
  /** Bytes around each message that completes a task: ids, names, metadata of the SDK. */
  messageFrameBytes: 1_024,
  /** JSON bytes of what a refusal names, receipts or ids: at least one id of the largest size. */
  refusalBytesMax: 4 * 1024,
  /** How much larger a payload codec may make large payloads. Base64, the largest that is usual, makes them 4/3 as large. */
  codecGrowthMax: 1.35,
  /** Largest `maxBatchBytes`: a durable flush stores its batch as one payload. */
  batchBytesMax: 1024 * 1024,
  /** Largest `maxBatchWrites`. */
  batchWritesMax: 10_000,
  /** JSON bytes that a write takes in a header beside its id and key: digest, quotes, commas, `null` for no key. */
  headerBytesPerWrite: 30,
  /** Settled writes that a batcher remembers. The ledger knows the others: forgetting costs time, never truth. */
  rememberedWritesMax: 2_000,
  /** JSON bytes of the ids and digests that a batcher remembers; what bounds the snapshot when ids are long. */
  rememberedBytesMax: 128 * 1024,
  /** Snapshot handed to the next run, as JSON in UTF-8. */
  snapshotBytesMax: 256 * 1024,
  /** JSON bytes of the answer to an Update or a flush. */
  answerBytesMax: 1_310_720,
  /** JSON bytes of an answer that is stored outside of the history: it passes memory only. */
  storedAnswerBytesMax: 16 * 1024 * 1024,
  /** JSON bytes that the answer to a flush may always have. */
  answerBytesMin: 16 * 1024,
  /** History of a run that is pending or stored, above which a batcher admits nothing more until it has rolled over. */
  historyBytesMax: 32 * 1024 * 1024,
  /** History of a run at which a batcher under constant load stops to wait for a moment without pending writes. */
  rollOverBytesMax: 12 * 1024 * 1024,
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
  ledgersGivenUpMax: 6,
  /** Workers that are asked for their ledger where two were seen: so many that chance hardly ever leaves one of two out. */
  ledgerAnswers: 8,
  /** The same by a new lane above the first, of which a crowd starts many: the first lane of its shard asks in full. */
  ledgerAnswersOfLane: 2,
  /** How long a batcher that met two ledgers refuses writes before it asks again: long enough to be noticed. */
  ledgerSplitMs: 10_000,
  /** Other ledgers that one flush may meet before it is given up. */
  ledgerChangesMax: 3,
  /** History of a run at which a batcher does not even wait for the parts of a large write. */
  rollOverAtOnceBytes: 24 * 1024 * 1024,
  /** Characters of an error message that a receipt or a failure carries. */
  errorMessageCharsMax: 500,
} as const;

/** Bytes around a request in a workflow task, and around its refusal or answer. */
const UPDATE_FRAME_BYTES = LIMITS.refusalBytesMax + 2 * LIMITS.messageFrameBytes;

const UUID_CHARS = 36;
const COUNTER_CHARS = 12;
const SHARD_CHARS = `${LIMITS.shardsMax - 1}`.length;

// The server counts the bytes of a workflow id. The other parts are digits and slashes.
if (LIMITS.batcherNameBytesMax + SHARD_CHARS + COUNTER_CHARS + 2 > SERVER_LIMITS.workflowIdCharsMax) {
  throw new Error("limits: batcherNameBytesMax leaves no room for shard and lane in a workflow id");
}

/** Stops a program whose limits contradict each other. */
function assertLimit(holds: boolean, what: string): void {
  if (!holds) throw new Error(`limits: ${what}`);
}

assertLimit(
  LIMITS.requestIdCharsMax >= SERVER_LIMITS.workflowIdCharsMax + UUID_CHARS + COUNTER_CHARS + 2,
  "requestIdCharsMax does not hold a workflow's default request id",
);
assertLimit(
  LIMITS.batchBytesMax + LIMITS.batchWritesMax * LIMITS.headerBytesPerWrite <=
    SERVER_LIMITS.payloadBytesMax / LIMITS.codecGrowthMax,
  "batchBytesMax leaves no room for the header of a durable flush",
);
// The other half is for batches, writers, counters and punctuation.
assertLimit(
  2 * LIMITS.rememberedBytesMax <= LIMITS.snapshotBytesMax,
  "the remembered writes do not fit into a snapshot",
);
assertLimit(
  LIMITS.answerBytesMax <= SERVER_LIMITS.payloadBytesMax / LIMITS.codecGrowthMax,
  "an answer does not fit into a payload",
);
// The sum that bounds a workflow task. What it consists of is bounded one by one below.
assertLimit(
  LIMITS.taskRequestBytesMax + LIMITS.codecGrowthMax * LIMITS.taskOwnBytesMax <= 0.95 * SERVER_LIMITS.requestBytesMax,
  "the completion of a workflow task does not fit into a request",
);
for (const writersMax of [1, 6, LIMITS.writersMax]) {
  const inFlight = updatesInFlightMax(writersMax);
  const bytes = writersMax * updateBytesMax(writersMax) + (inFlight - writersMax) * newcomerBytesMax(writersMax);
  assertLimit(
    bytes + inFlight * UPDATE_FRAME_BYTES <= LIMITS.taskRequestBytesMax,
    "the Updates that may meet do not fit into a workflow task",
  );
}
for (
  const [name, bytes] of [
    ["the answer to a flush", LIMITS.answerBytesMax],
    ["the answer to an Update", LIMITS.answerBytesMax],
    ["the input of a durable flush", LIMITS.batchBytesMax + LIMITS.batchWritesMax * LIMITS.headerBytesPerWrite],
    ["a snapshot", LIMITS.snapshotBytesMax],
  ] as const
) {
  assertLimit(bytes + LIMITS.messageFrameBytes <= LIMITS.taskOwnBytesMax, `${name} does not fit into a workflow task`);
}
const UTF8_BYTES_PER_CHAR_MAX = 3;
const PART_HEADER_BYTES = UTF8_BYTES_PER_CHAR_MAX * (LIMITS.requestIdCharsMax + LIMITS.partitionKeyCharsMax) + 512;
assertLimit(
  LIMITS.writePartsMax * (newcomerBytesMax(LIMITS.writersMax) / LIMITS.codecGrowthMax - PART_HEADER_BYTES) >=
    LIMITS.writeBytesMax,
  "the largest write does not fit into its parts",
);
assertLimit(
  LIMITS.refusalBytesMax >= UTF8_BYTES_PER_CHAR_MAX * LIMITS.requestIdCharsMax + 64,
  "a refusal does not name the longest id",
);
assertLimit(
  LIMITS.rollOverBytesMax < LIMITS.rollOverAtOnceBytes && LIMITS.rollOverAtOnceBytes < LIMITS.historyBytesMax &&
    LIMITS.historyBytesMax < SERVER_LIMITS.historyBytesMax,
  "a run may outgrow its history",
);

/** Updates that may meet in one workflow task of a batcher: as many as the server lets be in flight. */
export function updatesInFlightMax(writersMax: number): number {
  return Math.max(SERVER_LIMITS.updatesInFlightMax, writersMax + LIMITS.newcomersMax);
}

/**
 * Bytes of one Update's header and body as they are sent, of a writer that a batcher has let in: so many that all Updates
 * which meet in one workflow task fit into it. It is the sender that must keep to it, as a refused Update counts as well.
 */
export function updateBytesMax(writersMax: number): number {
  const newcomers = updatesInFlightMax(writersMax) - writersMax;
  const bytes = LIMITS.taskRequestBytesMax - newcomers * (LIMITS.newcomerBytesMax + UPDATE_FRAME_BYTES);
  return Math.min(LIMITS.writeBytesMax, Math.floor(bytes / writersMax) - UPDATE_FRAME_BYTES);
}

/** The same of a writer that no batcher has let in yet. */
export function newcomerBytesMax(writersMax: number): number {
  return Math.min(LIMITS.newcomerBytesMax, updateBytesMax(writersMax));
}
