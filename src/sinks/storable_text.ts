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

/** Stands in front of each escape of an id. No id that callers may choose holds it, so those are kept as they are. */
const ID_ESCAPE = "\u001a";

const UNSTORABLE_IN_ID = new RegExp(`[\\p{Surrogate}\\0${ID_ESCAPE}]`, "gu");

const ID_ESCAPED = new RegExp(`${ID_ESCAPE}\\\\u([0-9a-f]{4})`, "g");

/**
 * Writes an id as text that every database can hold. Two ids are never the same text, whatever is in them: their dead
 * letters would be one.
 */
export function escapeId(id: string): string {
  return id.replace(UNSTORABLE_IN_ID, (unit) => `${ID_ESCAPE}\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Reads what {@linkcode escapeId} has written. */
export function unescapeId(text: string): string {
  return text.replace(ID_ESCAPED, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

/** SQL text of {@linkcode escapeId}, for PostgreSQL and for ids that it could store as they are. */
export function escapedIdSql(id: string): string {
  return `replace(${id}, E'\\x1a', E'\\x1a\\\\u001a')`;
}
