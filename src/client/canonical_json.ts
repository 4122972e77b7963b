/**
 * The text of a row, and its digest.
 *
 * @module
 */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { kindOf } from "../protocol/check.ts";
import { InvalidWriteError, shortMessage } from "../protocol/failures.ts";
import { DIGEST_CHARS } from "../protocol/digests.ts";

/**
 * Writes JSON as RFC 8785 defines it: equal data has equal text, whatever the order of its keys.
 *
 * @throws {InvalidWriteError} If the data is not JSON: `undefined`, a bigint, NaN, half of a surrogate pair, a cycle.
 */
export function canonicalJson(data: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalize(data);
  } catch (error) {
    throw new InvalidWriteError(`Cannot write as data must be JSON: ${shortMessage(error)}`);
  }
  if (text === undefined) throw new InvalidWriteError(`Cannot write as data must be JSON: it is ${kindOf(data)}`);
  return text;
}

/**
 * The digest of a write: equal for equal data and partition keys.
 *
 * @param line The data in canonical JSON, which holds no line feed. So a line feed can separate it from the key.
 */
export function writeDigest(line: string, partitionKey: string | null): string {
  return digestOf(partitionKey === null ? line : `${line}\n${partitionKey}`, DIGEST_CHARS);
}

/** The first characters of a text's SHA-256 in base64url. */
export function digestOf(text: string, chars: number): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, chars);
}
