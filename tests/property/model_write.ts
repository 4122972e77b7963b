/**
 * Limits, writes and receipts as the model of a batcher has them.
 *
 * @module
 */
import { DIGEST_CHARS, DIGEST_CHARS_OF_VERSION_1 } from "../../src/protocol/digests.ts";
import type { SubmitWritesArgs } from "../../src/protocol/messages.ts";
import type { WriteReceipt } from "../../src/protocol/receipt_runs.ts";

export interface ModelLimits {
  readonly maxBatchWrites: number;
  readonly maxBatchBytes: number;
  readonly maxPendingWrites: number;
  readonly maxPendingBytes: number;
  readonly writersMax: number;
  readonly writerLeaseMs: number;
}

/** One write of a submission. Another variant is other data under the same id. */
export interface ModelItem {
  readonly id: number;
  readonly variant: number;
  readonly key: string | null;
}

/** What a sink may answer for one write; each time another one in the real system, so the model numbers them. */
export type ModelOutcome = "committed" | "result" | "duplicate" | "rejected" | "conflict" | "failed" | "unknown";

export interface ModelWrite {
  readonly requestId: string;
  readonly digest: string;
  readonly line: string;
  readonly key: string | null;
  readonly mark: number | undefined;
  receipt?: WriteReceipt;
}

const encoder = new TextEncoder();

/** @param version Of the wire. */
export function asWrite({ id, variant, key }: ModelItem, version: number, mark?: number): ModelWrite {
  // Lengths differ, one character is longer in bytes than in characters, and some lines of foreign writers are empty.
  const line = id % 7 === 6 ? "" : JSON.stringify({ v: variant, pad: "é".repeat(id % 4) });
  const digest = `digest-${id}-${variant}`.padEnd(version === 1 ? DIGEST_CHARS_OF_VERSION_1 : DIGEST_CHARS, "_");
  return { requestId: `id-${id}`, digest, line, key, mark };
}

export function bytesOf({ requestId, key, line }: ModelWrite): number {
  return requestId.length + (key?.length ?? 0) + encoder.encode(line).length;
}

/** The Update that carries these writes. */
export function asSubmission(
  writes: readonly ModelWrite[],
  writer: string,
  version: number,
  mark?: number,
): SubmitWritesArgs {
  const header = {
    version,
    writer,
    ...(mark !== undefined && { mark }),
    ids: writes.map((write) => write.requestId),
    digests: writes.map((write) => write.digest).join(""),
    ...(writes.some((write) => write.key !== null) && { keys: writes.map((write) => write.key) }),
  };
  return [header, encoder.encode(writes.map((write) => write.line).join("\n"))];
}

export function asReceipt(outcome: ModelOutcome, batchId: string, n: number): WriteReceipt {
  const committedAt = "2026-01-01T00:00:00.000Z";
  if (outcome === "committed") return { status: outcome, batchId, committedAt };
  if (outcome === "result") return { status: "committed", batchId, committedAt, result: { n } };
  if (outcome === "duplicate") return { status: outcome, batchId: `older-${n % 2}`, committedAt };
  return { status: outcome, batchId, errorType: `type-${n % 2}`, errorMessage: `message of ${outcome}` };
}
