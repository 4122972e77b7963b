import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { escapeId, escapeLoneSurrogates, malformedField, unescapeId } from "../../src/sinks/storable_text.ts";

Deno.test("escapeLoneSurrogates() leaves text that UTF-8 can hold as it is", () => {
  for (const text of ["", "a\0b", "\u{1F600}", "\ufffd"]) assertEquals(escapeLoneSurrogates(text), text);
});

Deno.test("escapeLoneSurrogates() keeps the value of JSON text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.constantFrom("", "\ud800", "\udfff"), (text, lone) => {
    const value = text + lone + text;
    const raw = `"${
      JSON.stringify(value).slice(1, -1).replace(/\\ud([89a-f]..)/g, (_, rest) =>
        String.fromCharCode(parseInt(`d${rest}`, 16)))
    }"`;
    assert(escapeLoneSurrogates(raw).isWellFormed());
    assertEquals(JSON.parse(escapeLoneSurrogates(raw)), JSON.parse(raw));
  }));
});

Deno.test("malformedField() names the field that UTF-8 cannot hold", () => {
  const write = { requestId: "a", digest: "d", data: "1", partitionKey: null };
  assertEquals(malformedField(write), undefined);
  for (const field of ["requestId", "digest", "data", "partitionKey"] as const) {
    assertEquals(malformedField({ ...write, [field]: "\udc00\ud800" }), field);
    assertEquals(malformedField({ ...write, [field]: "\ud83d\ude00\0" }), undefined);
  }
});

const PIECES = ["a", "\\", "u", "0000", "d800", "\0", "\u001a", "\ud800", "\udc00", "\u{1F600}", "\n"];

Deno.test("escapeId() writes no two ids as the same text, and unescapeId() reads them", () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...PIECES)), (pieces) => {
    const id = pieces.join("");
    const text = escapeId(id);
    assert(text.isWellFormed() && !text.includes("\0"));
    assertEquals(unescapeId(text), id);
  }));
});

Deno.test("escapeId() leaves what callers may choose as an id as it is", () => {
  for (const id of ["", "order-17", "\\", "\\u0000", "lone \\ud800", "a\\\\b", "\u{1F600}\ufffd"]) {
    assertEquals(escapeId(id), id);
  }
});
