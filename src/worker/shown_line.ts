/**
 * Lines for a terminal that hold what others have sent.
 *
 * @module
 */

/** Writes a line for people: readable in any language, with an escape for what a terminal would take for a command. */
export function shownLine(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
