/**
 * How a report looks: on a wide page, on a phone, in the dark and on paper.
 *
 * @module
 */
import type { VariantFacts } from "../report_data.ts";
import { cssVariables } from "./palette.ts";

/** The style sheet. It loads nothing. */
export function reportStyle(variants: readonly VariantFacts[]): string {
  return `
:root { color-scheme: light dark; ${cssVariables("light", variants)} }
@media (prefers-color-scheme: dark) { :root { ${cssVariables("dark", variants)} } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1000px; padding: 32px; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; overflow-wrap: break-word }
h1 { margin: 0; font-size: 28px; line-height: 1.25; text-wrap: balance }
h2 { margin: 44px 0 8px; font-size: 20px }
p, ul { margin: 8px 0; max-width: 90ch }
li { margin: 6px 0 }
.muted, small { color: var(--muted) }
nav a { display: inline-block; padding: 4px 0; margin-right: 18px }
a { color: inherit; text-underline-offset: 3px }
code { font: 0.9em ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px }
dt { font-weight: 600 }
dd { margin: 0; min-width: 0 }
svg { display: block; max-width: 100%; height: auto }
.narrow { display: none }
.swatch { display: inline-block; width: 10px; height: 10px; margin-right: 8px; border-radius: 2px }
/* A shadow at the edge behind which a table goes on: the first layer moves with it, and hides the second at its end. */
.scroll { overflow-x: auto; background: linear-gradient(to left, var(--paper) 12px, transparent 28px) right / 28px 100% no-repeat local, linear-gradient(to left, var(--line), transparent) right / 14px 100% no-repeat }
.scroll:focus-visible, a:focus-visible { outline: 2px solid; outline-offset: 2px }
table { width: 100%; border-collapse: collapse; font-size: 14px; line-height: 1.4; font-variant-numeric: tabular-nums }
th, td { padding: 6px 0 6px 14px; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; white-space: nowrap }
thead th { font-weight: 400; color: var(--muted) }
th:first-child { position: sticky; left: 0; padding-left: 0; padding-right: 8px; background: var(--paper); text-align: left; font-weight: 600 }
tr.group th { padding-top: 16px }
tr.group span, td.words div { position: sticky; left: 0; display: inline-block; max-width: min(90ch, calc(100vw - 36px)); white-space: normal }
td.words { padding-left: 0; text-align: left; color: var(--muted) }
tr.noted > * { border-bottom: 0 }
tr.noted + tr td { padding-top: 0 }
.alarm { padding: 1px 6px; border-radius: 4px; background: var(--alarm-paper); color: var(--alarm); font-weight: 600 }
@media (max-width: 600px) {
  body { padding: 20px 16px }
  h1 { font-size: 23px }
  .wide { display: none }
  .narrow { display: block }
  dl { grid-template-columns: minmax(0, 1fr) }
}
@media print {
  :root { color-scheme: light; ${cssVariables("light", variants)} }
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact }
  nav { display: none }
  .scroll { overflow: visible }
  table { font-size: 8pt }
  tr, li, svg { break-inside: avoid }
  h2, tr.group { break-after: avoid }
}
`;
}
