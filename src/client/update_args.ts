/**
 * Writes as the arguments of an Update, or of several where one write is too large.
 *
 * @module
 */
import { LIMITS, newcomerBytesMax, updateBytesMax } from "../protocol/limits.ts";
import { PROTOCOL_VERSION, type SubmissionHeader, type SubmitWritesArgs } from "../protocol/messages.ts";
import type { PendingCall } from "./pending_call.ts";

/** What the Updates of a delivery have in common. */
export type UpdateFrame = Pick<SubmissionHeader, "writer" | "mark" | "storedFromBytes">;

/** How the payloads of a writer go over the wire. */
export interface WireOptions {
  readonly writersMax: number;
  /** Whether a payload codec may make payloads larger. */
  readonly hasCodec: boolean;
  /** Whether a batcher has let the writer in. */
  readonly admitted: boolean;
  /** See {@linkcode SubmissionHeader.storedFromBytes}. */
  readonly storedFromBytes?: number;
}

/**
 * Bytes of header and body of one Update, before a codec: so many that all Updates which meet in one workflow task fit into
 * it, also if each of them is full.
 */
export function updateArgsBytesMax({ writersMax, hasCodec, admitted, storedFromBytes }: WireOptions): number {
  const bytes = admitted ? updateBytesMax(writersMax) : newcomerBytesMax(writersMax);
  const share = Math.floor(bytes / (hasCodec ? LIMITS.codecGrowthMax : 1));
  // Header and body: each is below the threshold, or no more than a reference. Of newcomers that is a little more than
  // their share, for which the limits leave room.
  const isStored = storedFromBytes !== undefined && 2 * storedFromBytes <= updateBytesMax(writersMax);
  return isStored ? LIMITS.writeBytesMax : share;
}

/**
 * Makes the arguments of the Updates that carry writes: of one Update, or of several where a single write is larger than
 * `bytesMax`. Several are sent one after the other, and the last one is answered with the receipt.
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
