/**
 * A line of an input that cannot be a write, and where it goes wrong.
 *
 * @module
 */
import { shownLine } from "../worker/shown_line.ts";
import { UsageError } from "./command.ts";

/** How many characters are shown on either side of the place that is wrong. */
const SHOWN_CHARS = 30;

/** A line that cannot be a write. */
export class BadLineError extends UsageError {
  /**
   * @param bytes The line as it is, without its line feed.
   * @param why Goes on behind the number of the line.
   */
  constructor(readonly line: number, readonly bytes: Uint8Array, why: string) {
    super(`Line ${line} of the input ${why}`);
  }
}

/**
 * Says why a line is not JSON, and where.
 *
 * @param error What `JSON.parse` threw. V8 names the place, shows what is around it, or says that the text ends there.
 */
export function whyNotJson({ message }: Error, line: string): string {
  const place = /^(?<why>.*?)(?: in JSON)? at position (?<position>\d+)/s.exec(message)?.groups;
  if (place !== undefined) return `is not JSON: ${shownLine(place.why)} ${at(line, Number(place.position))}`;
  if (/^Unexpected end/.test(message)) return `is not JSON: it ends too early ${at(line, line.length)}`;
  return `is not JSON: ${shownLine(message.replace(/ is not valid JSON$/, ""))}`;
}

/** Says where a line is not UTF-8. */
export function whyNotUtf8(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  return `is not UTF-8 ${at(text, text.indexOf("\ufffd"))}`;
}

/** Names a column, counted from 1, and shows what is around it. */
function at(line: string, index: number): string {
  const start = Math.max(0, index - SHOWN_CHARS);
  const end = index + SHOWN_CHARS;
  const shown = shownLine(line.slice(start, end).toWellFormed());
  return `at column ${index + 1}: ${start > 0 ? "…" : ""}${shown}${end < line.length ? "…" : ""}`;
}
