/**
 * Digests as they travel: one string for all writes of a submission, each of the same width.
 *
 * @module
 */

/** Characters of one digest: the first 132 bits of SHA-256 over data and partition key, in base64url. */
export const DIGEST_CHARS = 22;

/** Characters of one digest in messages of version 1: the first 96 bits, over the data alone. */
export const DIGEST_CHARS_OF_VERSION_1 = 16;

/** Cuts one digest out of those of `count` writes. */
export function digestAt(digests: string, count: number, index: number): string {
  const chars = digests.length / count;
  return digests.slice(index * chars, (index + 1) * chars);
}

/** Whether two digests were made in the same way, so that they can be compared. */
export function areComparable(digest: string, other: string): boolean {
  return digest.length === other.length;
}
