/**
 * Writes what others have sent for a terminal, so that none of it is a command to the terminal.
 *
 * @module
 */

/** Writes text as it is if it is one plain word, else as {@linkcode asciiJson} does. */
export function shownText(text: string): string {
  return /^[\x21-\x7e]+$/.test(text) ? text : asciiJson(text);
}

/** Writes a value as JSON, with an escape for every character that is not of printable ASCII. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
