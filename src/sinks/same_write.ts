/**
 * Whether a ledger row and a write with its request id are the same write.
 *
 * @module
 */

import { areComparable } from "../protocol/digests.ts";
import type { SinkWrite } from "./sink.ts";

/** What of a write tells it from another one with the same request id. */
export type WriteContent = Pick<SinkWrite, "digest" | "data" | "partitionKey">;

/**
 * Compares the digests, or, where they come from different versions of the wire and are of different lengths, the data and
 * the partition key themselves.
 */
export function isSameWrite(stored: WriteContent, write: WriteContent): boolean {
  if (areComparable(stored.digest, write.digest)) return stored.digest === write.digest;
  return stored.data === write.data && stored.partitionKey === write.partitionKey;
}
