/**
 * The colours of a report: names that a light and a dark theme give a value.
 *
 * @module
 */
import { VARIANTS } from "../report_data.ts";

/** The names of colours. Each variant has one of its own, the same in all charts. */
export const COLOURS = ["paper", "panel", "ink", "muted", "line", "calm", "alarm", "alarm-paper", ...VARIANTS] as const;

/** The name of a colour. */
export type Colour = typeof COLOURS[number];

type Theme = Readonly<Record<Colour, string>>;

/**
 * Text is at least 4.5 to 1 on paper and panel, marks are 3 to 1; a test computes it. The variants' colours differ for
 * the colour-blind too.
 */
export const THEMES: Readonly<Record<"light" | "dark", Theme>> = {
  light: {
    "paper": "#ffffff",
    "panel": "#f6f8fa",
    "ink": "#1f2328",
    "muted": "#59636e",
    "line": "#d1d9e0",
    "calm": "#1a7f37",
    "alarm": "#b3151d",
    "alarm-paper": "#ffe5e2",
    "update": "#0b62d6",
    "signal": "#cf4f00",
    "activity": "#00876c",
    "direct": "#777f88",
  },
  dark: {
    "paper": "#0d1117",
    "panel": "#161b22",
    "ink": "#e6edf3",
    "muted": "#9da7b3",
    "line": "#343b44",
    "calm": "#56d364",
    "alarm": "#ff9a92",
    "alarm-paper": "#4a1418",
    "update": "#58a6ff",
    "signal": "#ff9248",
    "activity": "#3fd0a8",
    "direct": "#8d96a0",
  },
};

/** The colour as it stands in a style: a variable, so that one chart serves both themes. */
export function cssColour(name: Colour): string {
  return `var(--${name})`;
}

/** Gives the variables the values of a theme. */
export function cssVariables(theme: keyof typeof THEMES): string {
  return COLOURS.map((name) => `--${name}:${THEMES[theme][name]}`).join(";");
}

/**
 * A colour as the charting library takes it, which computes with colours and knows no variables. Drawn charts have it
 * replaced by {@linkcode cssColour}.
 */
export function chartColour(name: Colour): string {
  return `#c0ffe${COLOURS.indexOf(name).toString(16)}`;
}

/** Replaces each {@linkcode chartColour} of a drawn chart. */
export function useVariables(svg: string): string {
  return svg.replaceAll(/#c0ffe([0-9a-f])/g, (_, index) => cssColour(COLOURS[parseInt(index, 16)]));
}
