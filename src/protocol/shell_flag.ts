/**
 * Flags of commands that people are to paste.
 *
 * @module
 */

/** A flag with its value, as a shell and the command behind it take both for what they are. */
export function shellFlag(flag: string, value: string): string {
  // Behind `=` no value is taken for another flag.
  return `${flag}${value.startsWith("-") ? "=" : " "}${shellWord(value)}`;
}

/** Writes a word so that a shell takes it for one, as it is. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
