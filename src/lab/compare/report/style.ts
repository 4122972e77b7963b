/**
 * How a report looks: on a wide page, on a phone, in the dark and on paper.
 *
 * @module
 */
import { cssColour, cssVariables } from "./palette.ts";
import { VARIANTS } from "../report_data.ts";

/** The style sheet. It loads nothing. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; ${cssVariables("light")} }
@media (prefers-color-scheme: dark) { :root { ${cssVariables("dark")} } }
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word }
main, header, footer { max-width: 1124px; margin: 0 auto; padding: 0 32px }
header { padding-top: 44px }
h1 { margin: 0; font-size: 17px; font-weight: 600; color: var(--muted) }
h2 { margin: 0 0 4px; font-size: 22px; line-height: 1.3; letter-spacing: -0.01em }
h3 { margin: 28px 0 4px; font-size: 16px }
p { margin: 0 0 12px; max-width: 90ch }
.headline { margin: 10px 0 16px; max-width: 38ch; font-size: 32px; line-height: 1.25; font-weight: 650; letter-spacing: -0.02em; text-wrap: balance }
.made, .lead, .detail { color: var(--muted) }
.made, .detail { font-size: 14px }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
section { padding-top: 28px; margin-top: 36px; border-top: 1px solid var(--line) }
nav { margin-top: 20px; font-size: 14px }
nav a { display: inline-block; padding: 4px 0; margin-right: 18px }
a { color: var(--update); text-underline-offset: 3px }
code { font: 0.9em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere }
ul { margin: 12px 0; padding: 0 }
li { margin: 0 0 8px; padding-left: 26px; position: relative; list-style: none; max-width: 100ch }
li::before { content: "–"; position: absolute; left: 6px; color: var(--muted) }
li.good::before { content: "✓"; left: 2px; color: var(--calm); font-weight: 700 }
li.bad::before { content: "▼"; left: 2px; color: var(--alarm) }
dl { margin: 12px 0 }
dt { font-weight: 600 }
dd { margin: 0 }
.words { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 10px 28px }
.words dd { color: var(--muted); font-size: 15px }
.facts div { display: grid; grid-template-columns: 160px 1fr; gap: 2px 16px; padding: 5px 0; border-bottom: 1px solid var(--line) }
.facts dd { min-width: 0 }
.charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px; margin-top: 16px; align-items: start }
.charts.load > :nth-child(2) { grid-column: 2; grid-row: 1 / span 2 }
figure { margin: 0; min-width: 0 }
figcaption { margin-bottom: 8px; font-size: 14px; font-weight: 600 }
svg { display: block; max-width: 100%; height: auto }
.narrow { display: none }
.swatch { display: inline-block; width: 10px; height: 10px; margin-right: 8px; border-radius: 2px }
${VARIANTS.map((name) => `.swatch.${name} { background: ${cssColour(name)} }`).join("\n")}
.scroll {
  margin: 18px 0 8px; max-width: 100%; overflow-x: auto;
  /* A shadow at the edge behind which a table goes on: the first layer moves with it, and hides the second at its end. */
  background: linear-gradient(to left, var(--paper) 12px, transparent 28px) right / 28px 100% no-repeat local,
    linear-gradient(to left, var(--line), transparent) right / 14px 100% no-repeat scroll;
}
.scroll:focus-visible, a:focus-visible { outline: 2px solid var(--update); outline-offset: 2px }
table { width: 100%; border-collapse: collapse; font-size: 14px; line-height: 1.4; font-variant-numeric: tabular-nums }
caption { padding: 0 0 6px; text-align: left; font-weight: 600 }
th, td { padding: 6px 0 6px 14px; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; white-space: nowrap }
thead th { font-weight: 400; color: var(--muted); vertical-align: bottom }
th:first-child { position: sticky; left: 0; padding-left: 0; padding-right: 8px; background: var(--paper); text-align: left }
tbody th { font-weight: 600 }
th.group { padding-top: 16px; text-align: left }
th.group span { position: sticky; left: 0 }
td.reason { text-align: left; white-space: normal; color: var(--muted); min-width: 280px }
.note { display: block; min-width: 340px; text-align: left; white-space: normal }
.alarm { padding: 1px 6px; border-radius: 4px; background: var(--alarm-paper); color: var(--alarm); white-space: nowrap }
.calm { color: var(--calm); font-weight: 600 }
.none, small { color: var(--muted) }
small { font-size: 13px }
.faults th, .faults td { text-align: left }
.faults tbody th { font-weight: 500; white-space: normal; min-width: 150px }
.faults td:not(.reason) { white-space: normal; min-width: 132px }
.faults .alarm { display: inline-block; margin-bottom: 2px }
.faults tbody tr:last-child > * { border-top: 2px solid var(--muted); font-weight: 600 }
.told thead th:last-child { text-align: left }
.rivals :is(th, td):nth-child(-n+3) { text-align: left }
.quick { padding: 10px 14px; border-left: 3px solid var(--muted); background: var(--panel) }
footer { margin-top: 48px; padding-bottom: 48px; color: var(--muted); font-size: 14px }
@media (min-width: 1001px) {
  .faults table { table-layout: fixed }
  .charts.three { grid-template-columns: repeat(3, minmax(0, 1fr)) }
  .charts.three .wide { display: none }
  .charts.three .narrow { display: block }
}
@media (max-width: 1000px) {
  .charts { grid-template-columns: minmax(0, 1fr) }
  .charts.load > :nth-child(2) { grid-column: auto; grid-row: auto }
}
@media (max-width: 600px) {
  main, header, footer { padding-left: 16px; padding-right: 16px }
  header { padding-top: 28px }
  .headline { font-size: 25px }
  .wide { display: none }
  .narrow { display: block }
  .facts div { grid-template-columns: minmax(0, 1fr) }
  .faults tbody th { min-width: 112px; max-width: 128px }
}
@media print {
  @page { margin: 14mm 12mm }
  :root { color-scheme: light; ${cssVariables("light")} }
  body { font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact }
  main, header, footer { max-width: none; padding: 0 }
  nav { display: none }
  [id^="load-"], #costs, #faults { break-before: page }
  section { margin-top: 18px; padding-top: 14px }
  .headline { font-size: 20pt }
  .charts, .charts.three { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px }
  .charts.load > :nth-child(2) { grid-column: 2; grid-row: 1 / span 2 }
  .charts .wide { display: none }
  .charts .narrow { display: block }
  figure, tr, tbody, li, .scroll, .words div, .facts div { break-inside: avoid }
  h2, h3, caption, figcaption, .lead { break-after: avoid }
  .scroll { overflow: visible; background: none }
  table { font-size: 8pt }
  small { font-size: 7.5pt }
  th, td { padding: 3px 0 3px 7px; white-space: normal }
  th:first-child { position: static }
  thead { display: table-header-group }
  th .swatch { margin-right: 4px }
  tbody th:first-child { white-space: nowrap }
  .faults tbody th:first-child { white-space: normal }
  .note, td.reason { min-width: 0 }
  .faults tbody th, .faults td:not(.reason) { min-width: 0 }
  .faults table { table-layout: fixed }
}
`;
