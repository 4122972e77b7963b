/**
 * Writes from JSON lines, or made up.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { canonicalJson, digestOf } from "../client/canonical_json.ts";
import { partitionKeyProblem, requestIdProblem } from "../protocol/check.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Json, Write } from "../protocol/write.ts";
import { BadLineError, whyNotJson, whyNotUtf8 } from "./bad_line.ts";
import { UsageError } from "./command.ts";

/** Which fields of a line name and group its write. */
export interface LineFields {
  /** Field whose value becomes the request id; without one it is a digest of the line. */
  readonly idField?: string;
  /** Field whose value becomes the partition key. */
  readonly partitionField?: string;
}

/** A write, the number of its line, and the bytes that the line and what names it take. */
export interface ReadWrite {
  readonly write: Write;
  readonly line: number;
  readonly bytes: number;
}

/** All of SHA-256: here the digest is not only a check, it is the name. */
const LINE_DIGEST_CHARS = 43;

const LINE_FEED = 10;

/** Opens a file of JSON lines, or standard input where the path is `-`. */
export async function openLines(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (path === "-") return Deno.stdin.readable;
  const refuse = (why: string) => new UsageError(`Cannot read --input ${path}: ${why}`);
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    throw refuse(error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message);
  }
  if ((await file.stat()).isDirectory) throw refuse("it is a folder");
  return file.readable;
}

/**
 * Reads one write from each line that is not blank.
 *
 * @param onBadLine Told about each line that is not one; left out, the first one ends the reading.
 * @throws {BadLineError} At the first line that is not one.
 * @throws {UsageError} If the input cannot be read on.
 */
export async function* readWrites(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  fields: LineFields = {},
  onBadLine: (bad: BadLineError) => Promise<void> = (bad) => Promise.reject(bad),
): AsyncGenerator<ReadWrite> {
  let number = 0;
  const lines = byteLines(stream);
  while (true) {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await lines.next();
    } catch (error) {
      throw new UsageError(`Cannot read the input after line ${number}: ${(error as Error).message}`);
    }
    if (next.done) return;
    number++;
    let write: ReadWrite | undefined;
    try {
      write = asWrite(next.value, number, fields);
    } catch (error) {
      if (!(error instanceof BadLineError)) throw error;
      await onBadLine(error);
    }
    if (write !== undefined) yield write;
  }
}

/** Cuts bytes into lines, without their line feeds. A last line without one is a line too. */
async function* byteLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = [];
  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, start)) {
      yield Buffer.concat([...rest, piece.subarray(start, end)]);
      rest = [];
      start = end + 1;
    }
    if (start < piece.length) rest.push(piece.subarray(start));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** @returns Nothing for a line that is blank. */
function asWrite(bytes: Uint8Array, number: number, fields: LineFields): ReadWrite | undefined {
  const { idField, partitionField } = fields;
  const refuse = (why: string) => new BadLineError(number, bytes, why);
  if (bytes.length > LIMITS.lineBytesMax) {
    throw refuse(`has ${bytes.length} bytes: at most ${LIMITS.lineBytesMax} are allowed`);
  }
  let line: string;
  try {
    line = decoder.decode(bytes);
  } catch {
    throw refuse(whyNotUtf8(bytes));
  }
  if (line.trim() === "") return undefined;
  let data: Json;
  try {
    data = JSON.parse(line, refuseInexact);
  } catch (error) {
    throw refuse(error instanceof InexactNumberError ? error.message : whyNotJson(error as Error, line));
  }
  let requestId: string;
  let partitionKey: string | undefined;
  try {
    const text = canonicalJson(data);
    requestId = idField === undefined ? `sha256:${digestOf(text, LINE_DIGEST_CHARS)}` : textField(data, idField);
    partitionKey = partitionField === undefined ? undefined : textField(data, partitionField);
  } catch (error) {
    throw refuse(`cannot be used: ${(error as Error).message}`);
  }
  const problem = requestIdProblem(requestId, `field ${JSON.stringify(idField)}`) ??
    (partitionKey === undefined
      ? undefined
      : partitionKeyProblem(partitionKey, `field ${JSON.stringify(partitionField)}`));
  if (problem !== undefined) throw refuse(`cannot be used: ${problem}`);
  return {
    write: { requestId, data, ...(partitionKey !== undefined && { partitionKey }) },
    line: number,
    bytes: bytes.length + Buffer.byteLength(requestId) + Buffer.byteLength(partitionKey ?? ""),
  };
}

/** A number that would be stored, and would name its row, as another one. */
class InexactNumberError extends Error {}

function refuseInexact(_key: string, value: unknown, context?: { source: string }): unknown {
  if (typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context!.source)) {
    throw new InexactNumberError(
      `has the number ${context!.source}, which would be stored as ${value}: write it as text`,
    );
  }
  return value;
}

function textField(data: Json, field: string): string {
  const value = typeof data === "object" && data !== null && !Array.isArray(data) ? data[field] : undefined;
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  throw new Error(`it must have text or a number in field ${JSON.stringify(field)}`);
}

/** Makes up writes for a demonstration; each run of it makes other ones. */
export function madeUpWrites(count: number, run: string): Write[] {
  return Array.from({ length: count }, (_, i) => ({
    requestId: `${run}/${i + 1}`,
    data: { transaction: i + 1, of: count, run, amount: (i * 37) % 1_000 },
  }));
}
