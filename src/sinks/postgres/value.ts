/**
 * The values that go into and come out of PostgreSQL.
 *
 * @module
 */

import { RowFault } from "../isolate.ts";
import type { SinkWrite } from "../sink.ts";
import { escapeLoneSurrogates, INVALID_TEXT, malformedField } from "../storable_text.ts";

/**
 * A value that a statement can take. Arrays become arrays, a `Date` a time, bytes `bytea`; any other object is for a
 * parameter of type `json` or `jsonb`.
 */
export type PostgresValue = null | boolean | number | bigint | string | Date | Uint8Array | object;

/** One row of a result, by column name. */
export type PostgresRow = Readonly<Record<string, unknown>>;

/** Most parameters that the protocol can count for one statement. */
export const PARAMETERS_MAX = 65_533;

/**
 * Refuses a value that the driver would change without a word, as text with a lone surrogate, or cannot send.
 *
 * @throws {RowFault} If it is such a value.
 */
export function checkPostgresValue(value: unknown): void {
  switch (typeof value) {
    case "string":
      if (value.isWellFormed()) return;
      throw new RowFault(INVALID_TEXT, "a value holds a lone surrogate, which PostgreSQL cannot store unchanged");
    case "undefined":
    case "function":
    case "symbol":
      throw new RowFault("TypeError", `a value of type ${typeof value} cannot be a value of a statement`);
    case "object":
      if (Array.isArray(value)) { for (const item of value) checkPostgresValue(item); }
  }
}

/**
 * Says why a write cannot be stored as it is: PostgreSQL has no NUL in text, and UTF-8 has no lone surrogates.
 *
 * @returns The field and the reason, or `undefined` if nothing is wrong.
 */
export function unstorable(write: SinkWrite): { readonly field: keyof SinkWrite; readonly reason: string } | undefined {
  const malformed = malformedField(write);
  if (malformed !== undefined) return { field: malformed, reason: "a lone surrogate" };
  for (const field of ["requestId", "data", "digest", "partitionKey"] as const) {
    if (write[field]?.includes("\0")) return { field, reason: "NUL" };
  }
  return undefined;
}

/** Writes NUL and lone surrogates as the six characters that stand for them in JSON, such as `\u0000`. */
export function escapeUnstorable(text: string): string {
  return escapeLoneSurrogates(text).replaceAll("\0", "\\u0000");
}
