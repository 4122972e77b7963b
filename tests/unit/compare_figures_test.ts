import { assertEquals } from "@std/assert";
import { formatDuration, formatMs, formatNumber } from "../../src/lab/compare/report/figures.ts";
import { THEMES } from "../../src/lab/compare/report/palette.ts";
import { escapeHtml, markup } from "../../src/lab/compare/report/markup.ts";
import { assert } from "@std/assert";
import { permittedTest } from "../support/permitted.ts";

Deno.test("formatNumber() writes few digits, and never a figure that is nothing", () => {
  const shown: readonly (readonly [number, string])[] = [
    [0, "0"],
    [0.0003, "0.0003"],
    [0.0123, "0.012"],
    [0.5, "0.5"],
    [0.999, "1"],
    [1, "1"],
    [6.5, "6.5"],
    [9.996, "10"],
    [10, "10"],
    [24.64, "24.6"],
    [99.96, "100"],
    [118.4, "118"],
    [11_240.4, "11,240"],
    [NaN, "unknown"],
    [Infinity, "unknown"],
  ];
  for (const [value, text] of shown) assertEquals([value, formatNumber(value)], [value, text]);
  assertEquals(formatNumber(null as unknown as number), "unknown", "as JSON has it for NaN");
});

Deno.test("formatMs() and formatDuration() choose the unit that is read most easily", () => {
  assertEquals([0, 6.5, 118, 999.4, 999.6, 11_240].map(formatMs), [
    "0 ms",
    "6.5 ms",
    "118 ms",
    "999 ms",
    "1 s",
    "11.2 s",
  ]);
  assertEquals([0, 45, 59.6, 60, 284].map(formatDuration), ["0 s", "45 s", "1 min 0 s", "1 min 0 s", "4 min 44 s"]);
  assertEquals(formatMs(NaN), "unknown");
});

Deno.test("markup() escapes all but markup", () => {
  assertEquals(
    escapeHtml(`<a href="x" id='y'>&\x00\x1b`),
    "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;\ufffd\ufffd",
  );
  const inner = markup`<i>${"<"}</i>`;
  assertEquals(markup`<b title="${'"'}">${[inner, "&", 1]}</b>`.text, '<b title="&quot;"><i>&lt;</i>&amp;1</b>');
});

/** Relative luminance as WCAG 2 defines it. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

for (const name of ["light", "dark"] as const) {
  permittedTest(`THEMES.${name} can be read: text at 4.5 to 1, marks at 3 to 1`, async () => {
    const { VARIANTS } = await import("../../src/lab/compare/variants/mod.ts");
    const theme = THEMES[name];
    for (const text of ["ink", "muted", "alarm"] as const) assert(contrast(theme[text], theme.paper) >= 4.5, text);
    assert(contrast(theme.alarm, theme["alarm-paper"]) >= 4.5, "alarm on its own paper");
    for (const { name: variant, colour } of VARIANTS) assert(contrast(colour[name], theme.paper) >= 3, variant);
  });
}
