/**
 * The colours of a report: names that a light and a dark theme give a value, so that one chart serves both.
 *
 * @module
 */
import type { VariantFacts } from "../report_data.ts";

/** The colours that are no variant's. Text is at least 4.5 to 1 on paper; a test computes it. */
export const THEMES = {
  light: {
    "paper": "#ffffff",
    "ink": "#1f2328",
    "muted": "#59636e",
    "line": "#d1d9e0",
    "alarm": "#b3151d",
    "alarm-paper": "#ffe5e2",
  },
  dark: {
    "paper": "#0d1117",
    "ink": "#e6edf3",
    "muted": "#9da7b3",
    "line": "#343b44",
    "alarm": "#ff9a92",
    "alarm-paper": "#4a1418",
  },
} as const;

/** Gives the variables the values of a theme. */
export function cssVariables(theme: keyof typeof THEMES, variants: readonly VariantFacts[]): string {
  const own = variants.map(({ colour }, i) => [`variant-${i}`, colour[theme]]);
  return [...Object.entries(THEMES[theme]), ...own].map(([name, value]) => `--${name}:${value}`).join(";");
}
