/**
 * A body: lines of JSON in UTF-8, joined by line feeds. The sandbox handles it as bytes and never parses it.
 *
 * @module
 */

// JSON text that came out of a serializer holds no raw line feed, and no byte of a longer UTF-8 character is one.
const LINE_FEED = 10;

/** Counts the lines of a body; an empty body is one empty line. */
export function countLines(body: Uint8Array): number {
  let lines = 1;
  for (let at = body.indexOf(LINE_FEED); at !== -1; at = body.indexOf(LINE_FEED, at + 1)) lines++;
  return lines;
}

/** Cuts a body into its lines, as views of the same bytes. */
export function splitLines(body: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start <= body.length;) {
    const feed = body.indexOf(LINE_FEED, start);
    const end = feed === -1 ? body.length : feed;
    lines.push(body.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** Joins lines into a body. */
export function joinLines(lines: readonly Uint8Array[]): Uint8Array {
  const body = new Uint8Array(lines.reduce((sum, line) => sum + line.length, Math.max(0, lines.length - 1)));
  let at = 0;
  lines.forEach((line, i) => {
    if (i > 0) body[at++] = LINE_FEED;
    body.set(line, at);
    at += line.length;
  });
  return body;
}

/** Joins pieces of bytes. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
