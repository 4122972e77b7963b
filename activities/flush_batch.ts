/**
 * The flush: one sink call with one batch.
 *
 * @module
 */
import { activityInfo } from "@temporalio/activity";
import { ApplicationFailure, ApplicationFailureCategory } from "@temporalio/common";
import { FAILURE, type LedgerChangedDetails, shortMessage, type SinkFailedDetails } from "../src/protocol/failures.ts";
import { digestAt } from "../src/protocol/digests.ts";
import { splitLines } from "../src/protocol/lines.ts";
import { LIMITS } from "../src/protocol/limits.ts";
import type { FlushBatchAnswer, FlushBatchArgs, FlushHeader, LedgerIdentity } from "../src/protocol/messages.ts";
import { encodeAnswer, type WriteReceipt } from "../src/protocol/receipt_runs.ts";
import {
  LedgerChangedError,
  type Outcome,
  type Sink,
  type SinkBatch,
  SinkError,
  type SinkWrite,
} from "../src/sinks/sink.ts";

/** What a flush reports about itself, for logs and metrics. */
export interface FlushReport {
  readonly batchId: string;
  readonly writes: number;
  readonly durationMs: number;
  /** Set if the flush failed as a whole. */
  readonly error?: string;
}

/**
 * Makes the `flushBatch` activity.
 *
 * @param sink Where the batches go.
 * @param onFlush Told about every attempt.
 * @param storedFromBytes From which size on the worker stores payloads outside of the history.
 */
export function createFlushBatch(
  sink: Sink,
  onFlush?: (report: FlushReport) => void,
  storedFromBytes?: number,
): (...args: FlushBatchArgs) => Promise<FlushBatchAnswer> {
  return async (header, ...bodies) => {
    const { batchId, mayRepeat = false, answerBytesMax, storedAnswerBytesMax } = header;
    const stored = storedAnswerBytesMax === undefined || storedFromBytes === undefined ? {} : { storedFromBytes };
    const bytesMax = "storedFromBytes" in stored ? storedAnswerBytesMax : answerBytesMax;
    const rows = unpack(header, bodies);
    const startedAt = performance.now();
    const report = (error?: string) =>
      onFlush?.({ batchId, writes: rows.length, durationMs: performance.now() - startedAt, ...(error && { error }) });
    try {
      const ledger = header.ledger ?? await identify(sink);
      // A batch of nothing only asks for it.
      if (rows.length === 0) return { runs: [], ledger };
      const receipts = await writeRows(sink, { batchId, ledger }, rows);
      report();
      return { runs: encodeAnswer(receipts, bytesMax).runs, ledger, ...stored };
    } catch (error) {
      report(shortMessage(error));
      throw asFlushFailure(error, mayRepeat);
    }
  };
}

const LEDGER_ID = new RegExp(`^[\\w-]{1,${LIMITS.ledgerIdCharsMax}}$`);

/** Which ledger a sink has, in a form that travels. */
async function identify(sink: Sink): Promise<LedgerIdentity> {
  const { identity, epoch } = await sink.identify();
  if (LEDGER_ID.test(identity) && LEDGER_ID.test(epoch)) return { identity, epoch };
  const message =
    `The identity and epoch of a sink's ledger must be 1 to ${LIMITS.ledgerIdCharsMax} letters, digits, - and _`;
  throw new SinkError("setup", "no", message);
}

/** A row for the sink, or the receipt of a row that no sink should see. */
type Row = SinkWrite | WriteReceipt;

function isSinkWrite(row: Row): row is SinkWrite {
  return "requestId" in row;
}

function unpack({ batchId, pieces }: FlushHeader, bodies: readonly Uint8Array[]): Row[] {
  const rows: Row[] = [];
  pieces.forEach(({ ids, digests, keys, mark }, p) => {
    const lines = decodeLines(bodies[p]);
    for (let i = 0; i < ids.length; i++) {
      const data = lines[i];
      rows.push(
        data === undefined
          ? {
            status: "rejected",
            batchId,
            errorType: FAILURE.INVALID_WRITE,
            errorMessage: "data must be JSON in UTF-8",
          }
          : {
            requestId: ids[i],
            digest: digestAt(digests, ids.length, i),
            data,
            partitionKey: keys?.[i] ?? null,
            ...(mark !== undefined && { mark }),
          },
      );
    }
  });
  return rows;
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of each line that is JSON in UTF-8: nobody before this point has looked, and not every writer is ours. */
function decodeLines(body: Uint8Array): (string | undefined)[] {
  try {
    return strictDecoder.decode(body).split("\n").map(jsonOrNothing);
  } catch {
    // One line's bytes are no UTF-8; the others are none the worse for it.
    return splitLines(body).map((line) => {
      try {
        return jsonOrNothing(strictDecoder.decode(line));
      } catch {
        return undefined;
      }
    });
  }
}

function jsonOrNothing(text: string): string | undefined {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return undefined;
  }
}

async function writeRows(
  sink: Sink,
  { batchId, ledger }: Pick<SinkBatch, "batchId" | "ledger">,
  rows: readonly Row[],
): Promise<WriteReceipt[]> {
  const writes = rows.filter(isSinkWrite);
  const outcomes = await sink.write({ batchId, writes, ledger });
  if (outcomes.length !== writes.length) {
    throw ApplicationFailure.nonRetryable(
      `The sink must return one outcome for each of ${writes.length} writes: it returned ${outcomes.length}`,
      FAILURE.SINK_FAILED,
      { wrote: "unknown" } satisfies SinkFailedDetails,
    );
  }
  let next = 0;
  return rows.map((row) => isSinkWrite(row) ? asReceipt(outcomes[next++], batchId, row) : row);
}

function asReceipt(outcome: Outcome, batchId: string, { requestId, mark }: SinkWrite): WriteReceipt {
  switch (outcome.status) {
    case "committed":
      return outcome;
    case "duplicate": {
      const { mark: stored, ...receipt } = outcome;
      // An earlier try of this very delivery stored it, in this batch or in one before, and its answer was lost.
      const own = outcome.batchId === batchId || mark !== undefined && mark === stored;
      return own ? { ...receipt, status: "committed" } : receipt;
    }
    case "rejected": {
      const { status, errorType, errorMessage } = outcome;
      return { status, batchId, errorType, errorMessage: shortMessage(errorMessage) };
    }
    case "conflict": {
      const errorMessage = `request id ${JSON.stringify(requestId)} is in use for other data or another partition key`;
      return { status: "conflict", batchId, errorType: FAILURE.REQUEST_ID_CONFLICT, errorMessage };
    }
  }
}

function asFlushFailure(error: unknown, mayRepeat: boolean): unknown {
  if (!(error instanceof SinkError)) return error;
  // The sink speaks of this attempt only.
  const details: SinkFailedDetails = { wrote: mayRepeat ? "unknown" : error.wrote };
  if (error instanceof LedgerChangedError) {
    const changed: LedgerChangedDetails = { ...details, ledger: error.ledger };
    return ApplicationFailure.nonRetryable(shortMessage(error), FAILURE.LEDGER_CHANGED, changed);
  }
  const nonRetryable = error.kind === "setup";
  return ApplicationFailure.create({
    message: shortMessage(error),
    type: FAILURE.SINK_FAILED,
    nonRetryable,
    details: [details],
    // The durable attempt makes good what a fast one could not do: the SDK is to log it as a detail and not as a warning.
    ...(activityInfo().isLocal && !nonRetryable && { category: ApplicationFailureCategory.BENIGN }),
  });
}
