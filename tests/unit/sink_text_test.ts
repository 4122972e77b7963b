import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { escapeLoneSurrogates, malformedField } from "../../src/sinks/storable_text.ts";

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
