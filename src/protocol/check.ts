/**
 * Checks what callers hand in. Each check answers with one line that names the field, what it is and the limit.
 *
 * @module
 */
import { LIMITS } from "./limits.ts";
import { countLines } from "./lines.ts";
import { DIGEST_CHARS, DIGEST_CHARS_OF_VERSION_1 } from "./digests.ts";
import { PROTOCOL_VERSION, type SubmissionHeader } from "./messages.ts";
import { isPlainText, textBytes } from "./text_bytes.ts";

/** What a value is, for an error line: never the value itself, which may be secret or huge. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value instanceof Uint8Array) return "bytes";
  return typeof value === "object" ? "an object" : typeof value === "undefined" ? "missing" : `a ${typeof value}`;
}

// deno-lint-ignore no-control-regex -- finding them is the purpose
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;

function nameProblem(value: unknown, field: string, charsMax: number): string | undefined {
  if (typeof value !== "string") return `${field} must be a string: it is ${kindOf(value)}`;
  if (value.length === 0) return `${field} must not be empty`;
  if (value.length > charsMax) return `${field} must have at most ${charsMax} characters: it has ${value.length}`;
  if (isPlainText(value)) return undefined;
  // Databases cannot store either of them faithfully in text, and an id must not change on its way.
  if (CONTROL_CHARACTER.test(value)) return `${field} must not hold control characters`;
  if (!value.isWellFormed()) return `${field} must be well-formed Unicode: it holds half of a surrogate pair`;
  return undefined;
}

/** Says what is wrong with a request id, or nothing. */
export function requestIdProblem(value: unknown, field = "requestId"): string | undefined {
  return nameProblem(value, field, LIMITS.requestIdCharsMax);
}

/** Says what is wrong with a partition key, or nothing. */
export function partitionKeyProblem(value: unknown, field = "partitionKey"): string | undefined {
  return nameProblem(value, field, LIMITS.partitionKeyCharsMax);
}

/** Says what is wrong with the name of a sink's effect, or nothing. */
export function applyNameProblem(value: unknown): string | undefined {
  return nameProblem(value, "applyName", LIMITS.applyNameCharsMax);
}

/** Says what is wrong with the name of a group of batchers, or nothing. */
export function batcherNameProblem(value: unknown, field: string): string | undefined {
  const problem = nameProblem(value, field, LIMITS.batcherNameBytesMax);
  if (problem !== undefined) return problem;
  const bytes = new TextEncoder().encode(value as string).length;
  if (bytes <= LIMITS.batcherNameBytesMax) return undefined;
  return `${field} must have at most ${LIMITS.batcherNameBytesMax} bytes in UTF-8: it has ${bytes}`;
}

/** Says what is wrong with the arguments of `submitWrites`, or nothing. */
export function submissionProblem(header: unknown, body: unknown): string | undefined {
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    return `header must be an object: it is ${kindOf(header)}`;
  }
  const { version, writer, mark, ids, digests, keys, part } = header as Partial<
    Record<keyof SubmissionHeader, unknown>
  >;
  if (version !== 1 && version !== PROTOCOL_VERSION) {
    const current = typeof version === "number" ? String(version) : kindOf(version);
    return `header.version must be 1 or ${PROTOCOL_VERSION}: it is ${current}`;
  }
  const writerProblem = nameProblem(writer, "header.writer", LIMITS.writerIdCharsMax);
  if (writerProblem) return writerProblem;
  if (mark !== undefined && !(Number.isSafeInteger(mark) && mark as number >= 0)) {
    const current = typeof mark === "number" ? String(mark) : kindOf(mark);
    return `header.mark must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}: it is ${current}`;
  }
  if (!Array.isArray(ids)) return `header.ids must be an array: it is ${kindOf(ids)}`;
  if (ids.length === 0) return "header.ids must not be empty";
  if (ids.length > LIMITS.updateWritesMax) {
    return `header.ids must have at most ${LIMITS.updateWritesMax} ids: it has ${ids.length}`;
  }
  return idsProblem(ids) ?? digestsProblem(digests, ids.length, version) ?? keysProblem(keys, ids.length) ??
    partProblem(part, ids.length) ?? bodyProblem(body, ids, keys as SubmissionHeader["keys"]);
}

function partProblem(part: unknown, ids: number): string | undefined {
  if (part === undefined) return undefined;
  if (typeof part !== "object" || part === null) return `header.part must be an object: it is ${kindOf(part)}`;
  if (ids !== 1) return `header.ids must have one id where header.part is given: it has ${ids}`;
  const { index, count } = part as Partial<Record<"index" | "count", unknown>>;
  return wholeProblem(count, "header.part.count", 1, LIMITS.writePartsMax) ??
    wholeProblem(index, "header.part.index", 0, (count as number) - 1);
}

function wholeProblem(value: unknown, field: string, min: number, max: number): string | undefined {
  if (typeof value !== "number") return `${field} must be a number: it is ${kindOf(value)}`;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return undefined;
  return `${field} must be a whole number from ${min} to ${max}: it is ${value}`;
}

function idsProblem(ids: readonly unknown[]): string | undefined {
  for (let i = 0; i < ids.length; i++) {
    const problem = requestIdProblem(ids[i], `header.ids[${i}]`);
    if (problem) return problem;
  }
  if (new Set(ids).size === ids.length) return undefined;
  const repeated = ids.findIndex((id, i) => ids.indexOf(id) !== i);
  return `header.ids[${repeated}] repeats header.ids[${ids.indexOf(ids[repeated])}]`;
}

const BASE64URL = /^[\w-]*$/;

function digestsProblem(digests: unknown, count: number, version: number): string | undefined {
  if (typeof digests !== "string") return `header.digests must be a string: it is ${kindOf(digests)}`;
  const chars = version === 1 ? DIGEST_CHARS_OF_VERSION_1 : DIGEST_CHARS;
  if (digests.length !== count * chars) {
    return `header.digests must have ${chars} characters for each id: it has ${digests.length} for ${count}`;
  }
  // They are stored and counted as plain text: anything else would break a limit or a database.
  return BASE64URL.test(digests) ? undefined : "header.digests must be base64url";
}

function keysProblem(keys: unknown, count: number): string | undefined {
  if (keys === undefined) return undefined;
  if (!Array.isArray(keys)) return `header.keys must be an array: it is ${kindOf(keys)}`;
  if (keys.length !== count) return `header.keys must have one key for each id: it has ${keys.length} for ${count}`;
  for (let i = 0; i < keys.length; i++) {
    const problem = keys[i] === null ? undefined : partitionKeyProblem(keys[i], `header.keys[${i}]`);
    if (problem) return problem;
  }
  return undefined;
}

function bodyProblem(body: unknown, ids: readonly string[], keys: SubmissionHeader["keys"]): string | undefined {
  if (!(body instanceof Uint8Array)) return `body must be bytes (a binary/plain payload): it is ${kindOf(body)}`;
  const bytes = submissionBytes(ids, keys, body);
  if (bytes > LIMITS.writeBytesMax) {
    return `ids, keys and body must have at most ${LIMITS.writeBytesMax} bytes: they have ${bytes}`;
  }
  const lines = countLines(body);
  if (lines !== ids.length) return `body must have one line for each id: it has ${lines} for ${ids.length}`;
  return undefined;
}

/** Size of a submission as every limit counts it: bytes of ids, keys and body. */
export function submissionBytes(
  ids: readonly string[],
  keys: readonly (string | null)[] | undefined,
  body: Uint8Array,
): number {
  let bytes = body.length;
  for (const id of ids) bytes += textBytes(id);
  for (const key of keys ?? []) bytes += key === null ? 0 : textBytes(key);
  return bytes;
}
