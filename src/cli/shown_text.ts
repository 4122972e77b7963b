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
  return asciiOf(JSON.stringify(value));
}

/**
 * Writes an object as JSON with one more field, whose JSON is kept as it is: to read it would change long numbers.
 *
 * @param text What the field should hold. If it is not JSON, the field is called `dataText` and holds it as a string.
 */
export function asciiJsonWithData(value: object, text: string): string {
  const json = isJson(text);
  return `${asciiJson(value).slice(0, -1)},"${json ? "data" : "dataText"}":${json ? asciiOf(text) : asciiJson(text)}}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** White space is the only thing outside of JSON's strings that can be something else than printable ASCII. */
function asciiOf(json: string): string {
  return json.replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => unit < " " ? " " : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
