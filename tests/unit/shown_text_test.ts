import { assertEquals } from "@std/assert";
import { asciiJson, asciiJsonWithData, shownText } from "../../src/cli/shown_text.ts";
import { createLog } from "../../src/worker/log.ts";
import { shownLine } from "../../src/worker/shown_line.ts";

/** Escape, the C1 form of its sequence, delete, a mark that turns the line around, and a line of its own. */
const HOSTILE = "\x1b[31m \x9b2J \x7f \u202e \n";

Deno.test("shownLine() keeps every language, and nothing that a terminal obeys", () => {
  assertEquals(shownLine("Konto Übertrag 口座 😀"), "Konto Übertrag 口座 😀");
  assertEquals(shownLine(HOSTILE), "\\u{1b}[31m \\u{9b}2J \\u{7f} \\u{202e} \\u{a}");
});

Deno.test("shownText() keeps a plain word, and asciiJson() nothing but printable ASCII", () => {
  assertEquals(shownText("order-17"), "order-17");
  assertEquals(shownText("order 17"), '"order 17"');
  assertEquals(asciiJson({ a: HOSTILE }), '{"a":"\\u001b[31m \\u009b2J \\u007f \\u202e \\n"}');
});

Deno.test("asciiJsonWithData() keeps a row's JSON as it is, and marks what is not JSON", () => {
  const row = '{"n":12345678901234567890,\n "text":"é\u009b"}';
  assertEquals(
    asciiJsonWithData({ id: "a" }, row),
    '{"id":"a","data":{"n":12345678901234567890,  "text":"\\u00e9\\u009b"}}',
  );
  assertEquals(asciiJsonWithData({ id: "a" }, "{no\nJSON"), '{"id":"a","dataText":"{no\\nJSON"}');
});

Deno.test("createLog() writes one line for an event, and nothing that a terminal obeys", () => {
  const lines: string[] = [];
  createLog("info", (line) => lines.push(line)).error(`Flush failed: ${HOSTILE}\r\n\rDROP`);
  assertEquals(lines.map((line) => line.replace(/^\S+ /, "")), [
    "ERROR Flush failed: \\u{1b}[31m \\u{9b}2J \\u{7f} \\u{202e} | DROP",
  ]);
});
