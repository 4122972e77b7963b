/**
 * Chooses the shard of a write: always the same one, in every process.
 *
 * @module
 */
import { fnv1a32 } from "../protocol/fnv1a.ts";

/** The shard of a write: `fnv1a32(partitionKey ?? requestId) % shards`. */
export function shardOf(
  write: { readonly requestId: string; readonly partitionKey?: string | null },
  shards: number,
): number {
  return shards === 1 ? 0 : fnv1a32(write.partitionKey ?? write.requestId) % shards;
}
