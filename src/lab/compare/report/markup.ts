/**
 * HTML that escapes what is put into it.
 *
 * @module
 */

/** Markup: what is put into other markup as it is. */
export class Markup {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What may be put into markup. Lists are joined without anything between. */
export type MarkupValue = Markup | string | number | readonly MarkupValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Writes text so that it is text in an element and in a quoted attribute. */
export function escapeHtml(text: string): string {
  // Control characters are not allowed in HTML, other than white space.
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, "\ufffd").replaceAll(/[&<>"']/g, (c) => ENTITIES[c]);
}

/**
 * Template tag for markup: everything that is put in is escaped, other than {@linkcode Markup}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(markup`<b>${"1 < 2"}</b>`.text, "<b>1 &lt; 2</b>");
 * ```
 */
export function markup(parts: TemplateStringsArray, ...values: MarkupValue[]): Markup {
  return new Markup(parts.map((part, index) => part + (index < values.length ? textOf(values[index]) : "")).join(""));
}

function textOf(value: MarkupValue): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === "string" || typeof value === "number") return escapeHtml(String(value));
  return value.map(textOf).join("");
}
