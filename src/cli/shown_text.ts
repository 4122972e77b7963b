/** Writes text for a terminal: as it is if it is plain, else as JSON in ASCII, so that none of it is a command to the terminal. */
export function shownText(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  return JSON.stringify(text).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
