/**
 * Guards text against the silent change that encoding it as UTF-8 can make.
 *
 * A JavaScript string may hold a lone surrogate. UTF-8 cannot, and drivers write U+FFFD in its place without a word:
 * two different request ids would become one, and the second write would be taken for a duplicate of the first.
 *
 * @module
 */

import type { SinkWrite } from "./sink.ts";

/** `errorType` of a row whose text the database cannot hold unchanged. */
export const INVALID_TEXT = "INVALID_TEXT";

/**
 * Names the first field of a write that UTF-8 cannot hold.
 *
 * @returns The field's name, or `undefined` if the write can be stored as it is.
 */
export function malformedField(write: SinkWrite): keyof SinkWrite | undefined {
  if (!write.requestId.isWellFormed()) return "requestId";
  if (!write.data.isWellFormed()) return "data";
  if (!write.digest.isWellFormed()) return "digest";
  if (write.partitionKey !== null && !write.partitionKey.isWellFormed()) return "partitionKey";
  return undefined;
}

/**
 * Writes each lone surrogate as the six characters that stand for it in JSON, such as `\ud800`.
 *
 * In JSON text that is another spelling of the same value, because a lone surrogate can only be inside a string.
 *
 * @returns Text that UTF-8 can hold; the same text if it already could.
 */
export function escapeLoneSurrogates(text: string): string {
  if (text.isWellFormed()) return text;
  return text.replace(/\p{Surrogate}/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}
