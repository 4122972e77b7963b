/**
 * Turns writes into the arguments of an Update, or of several if one write is too large.
 *
 * @module
 */
import { LIMITS, newcomerBytesMax, updateBytesMax } from "../protocol/limits.ts";
import { PROTOCOL_VERSION, type SubmissionHeader, type SubmitWritesArgs } from "../protocol/messages.ts";
import type { PendingCall } from "./pending_call.ts";

/** The fields that all Updates of a delivery share. */
export type UpdateFrame = Pick<SubmissionHeader, "writer" | "mark" | "storedFromBytes">;

/** Describes how the payloads of a writer are sent. */
export interface WireOptions {
  readonly writersMax: number;
  /** Whether a payload codec may make payloads larger. */
  readonly hasCodec: boolean;
  /** Whether a batcher has admitted the writer. */
  readonly admitted: boolean;
  /** See {@linkcode SubmissionHeader.storedFromBytes}. */
  readonly storedFromBytes?: number;
}

/**
 * Most bytes of header and body of one Update, before a codec. All Updates that meet in one workflow task fit into it,
 * even if each is full.
 */
export function updateArgsBytesMax({ writersMax, hasCodec, admitted, storedFromBytes }: WireOptions): number {
  const bytes = admitted ? updateBytesMax(writersMax) : newcomerBytesMax(writersMax);
  const share = Math.floor(bytes / (hasCodec ? LIMITS.codecGrowthMax : 1));
  // Header and body are each below the threshold, or a reference. For newcomers that is a little above their share; the
  // limits leave room for it.
  const isStored = storedFromBytes !== undefined && 2 * storedFromBytes <= updateBytesMax(writersMax);
  return isStored ? LIMITS.writeBytesMax : share;
}

/**
 * Makes the arguments of one Update, or of several if a single write is larger than `bytesMax`. Send several one after
 * the other; the last one is answered with the receipt.
 */
export function makeUpdateArgs(
  calls: readonly PendingCall[],
  frame: UpdateFrame,
  bytesMax: number,
): SubmitWritesArgs[] {
  const header: SubmissionHeader = {
    version: PROTOCOL_VERSION,
    ...frame,
    ids: calls.map((call) => call.requestId),
    digests: calls.map((call) => call.digest).join(""),
    ...(calls.some((call) => call.partitionKey !== null) && { keys: calls.map((call) => call.partitionKey) }),
  };
  const body = textEncoder.encode(calls.map((call) => call.line).join("\n"));
  const bytes = calls.reduce((sum, call) => sum + call.updateBytes, 0);
  if (calls.length > 1 || bytes <= bytesMax) return [[header, body]];
  const partBytes = bytesMax - (bytes - body.length);
  const count = Math.ceil(body.length / partBytes);
  return Array.from({ length: count }, (_, index) => [
    { ...header, part: { index, count } },
    body.subarray(index * partBytes, (index + 1) * partBytes),
  ]);
}

const textEncoder = new TextEncoder();
