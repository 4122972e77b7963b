/**
 * Figures as people read them: few digits, with a unit.
 *
 * @module
 */

/** What is shown where there is no figure. */
const UNKNOWN = "unknown";

/** Writes a figure with three digits or all before its point, two if it is below one: `0.012`, `6.5`, `118`, `11,240`. */
export function formatNumber(value: number): string {
  // JSON turns NaN and Infinity into null.
  if (typeof value !== "number" || !Number.isFinite(value)) return UNKNOWN;
  const digits = Math.abs(value) >= 100
    ? { maximumFractionDigits: 0 }
    : Math.abs(value) >= 1
    ? { maximumSignificantDigits: 3 }
    : { maximumSignificantDigits: 2 };
  return value.toLocaleString("en-US", digits);
}

/** Writes a time with its unit: `6.5 ms`, `118 ms`, `11.2 s`. */
export function formatMs(ms: number): string {
  const shown = formatNumber(ms);
  if (shown === UNKNOWN) return shown;
  return Math.round(Math.abs(ms)) < 1_000 ? `${shown} ms` : `${formatNumber(ms / 1_000)} s`;
}

/** Writes a length of time for people: `45 s`, `4 min 12 s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${formatNumber(whole)} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
