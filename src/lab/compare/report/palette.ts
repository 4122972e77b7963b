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

const NAMES = ["paper", "ink", "muted", "line"] as const;

/** Gives the variables the values of a theme. */
export function cssVariables(theme: keyof typeof THEMES, variants: readonly VariantFacts[]): string {
  const own = variants.map(({ colour }, i) => [`variant-${i}`, colour[theme]]);
  return [...Object.entries(THEMES[theme]), ...own].map(([name, value]) => `--${name}:${value}`).join(";");
}

/**
 * A colour as the charting library takes it, which computes with colours and knows no variables. Drawn charts have it
 * replaced by {@linkcode useVariables}.
 *
 * @param name The colour, or the place of a variant among those of the report.
 */
export function chartColour(name: typeof NAMES[number] | number): string {
  const index = typeof name === "number" ? NAMES.length + name : NAMES.indexOf(name);
  return `#c0ffe${index.toString(16)}`;
}

/** Replaces each {@linkcode chartColour} of a drawn chart. */
export function useVariables(svg: string): string {
  return svg.replaceAll(/#c0ffe([0-9a-f])/g, (_, digit) => {
    const index = parseInt(digit, 16);
    return `var(--${NAMES[index] ?? `variant-${index - NAMES.length}`})`;
  });
}
