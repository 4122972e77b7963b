/**
 * How much room an id or a key takes on the wire.
 *
 * @module
 */

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** Whether a text is ASCII without control characters and without the two characters that JSON escapes, as most ids are. */
export function isPlainText(text: string): boolean {
  return PLAIN.test(text);
}

/**
 * Upper bound of the bytes of an id or a key as JSON in UTF-8, quotes left out. Characters are not enough: of those that
 * an id may hold, one takes up to three bytes, and the server's limits are in bytes.
 */
export function textBytes(text: string): number {
  return isPlainText(text) ? text.length : 3 * text.length;
}
