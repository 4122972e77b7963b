/**
 * Figures as people read them: few digits, with a unit.
 *
 * @module
 */

/** What is shown where there is no figure. */
export const UNKNOWN = "unknown";

/** Ratios up to this are "about the same": less than two runs of one thing differ by. */
const SAME_RATIO_MAX = 1.1;

/** From this on a ratio is shown without a fraction. */
const WHOLE_RATIO_MIN = 10;

/** Writes a figure with three digits or all before its point, two if it is below one: `0.012`, `6.5`, `118`, `11,240`. */
export function formatNumber(value: number): string {
  // JSON turns NaN and Infinity into null.
  if (typeof value !== "number" || !Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  if (size >= 1) return trimZeros(value.toFixed(size >= 10 ? 1 : 2));
  return trimZeros(value.toPrecision(2));
}

function trimZeros(text: string): string {
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

/** Writes a time with its unit: `6.5 ms`, `118 ms`, `11.2 s`. */
export function formatMs(ms: number): string {
  const shown = formatNumber(ms);
  if (shown === UNKNOWN) return shown;
  return Math.round(Math.abs(ms)) < 1_000 ? `${shown} ms` : `${formatNumber(ms / 1_000)} s`;
}

/** Writes a length of time for people: `45 s`, `4 min 12 s`. */
export function formatDuration(seconds: number): string {
  const shown = formatNumber(seconds);
  if (shown === UNKNOWN || Math.round(seconds) < 60) return shown === UNKNOWN ? shown : `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Compares a figure with that of a rival: `18 times less`, `1.5 times more` or `about the same`. */
export function compareTo(own: number, rival: number): string {
  if (own === rival) return "about the same";
  const [less, more] = own < rival ? [own, rival] : [rival, own];
  if (!(less > 0)) return own < rival ? "less" : "more";
  const ratio = more / less;
  if (ratio < SAME_RATIO_MAX) return "about the same";
  const times = ratio >= WHOLE_RATIO_MIN ? Math.round(ratio).toLocaleString("en-US") : trimZeros(ratio.toFixed(1));
  return `${times} times ${own < rival ? "less" : "more"}`;
}

/** Whether one figure is smaller than another by more than "about the same". */
export function isClearlyLess(figure: number, than: number): boolean {
  return figure < than && !(than / figure < SAME_RATIO_MAX);
}

/** Writes `1 row`, `2 rows`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${formatNumber(n)} ${n === 1 ? one : many}`;
}

/** Joins words as people do: `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
