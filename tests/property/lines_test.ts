import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { countLines, joinLines, splitLines } from "../../src/protocol/lines.ts";

/** Any JSON text: it holds no raw line feed, whatever its strings hold. */
const line = fc.oneof(fc.json(), fc.string({ unit: "binary" }).map((text) => JSON.stringify(text))).map((text) =>
  new TextEncoder().encode(text)
);

Deno.test("splitLines() takes apart what joinLines() put together, and countLines() counts it", () => {
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 40 }), (lines) => {
      const body = joinLines(lines);
      assertEquals(splitLines(body), lines);
      assertEquals(countLines(body), lines.length);
    }),
  );
});

Deno.test("joinLines() puts together what splitLines() took apart, for any bytes", () => {
  // Line feeds at both ends and next to each other: every byte must come back.
  const byte = fc.oneof(fc.constant(10), fc.nat(255));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 60 }), (bytes) => {
      const body = new Uint8Array(bytes);
      const lines = splitLines(body);
      assertEquals(lines.length, countLines(body));
      assertEquals(lines.length, bytes.filter((byte) => byte === 10).length + 1);
      assertEquals(joinLines(lines), body);
    }),
  );
});

Deno.test("joinLines() keeps empty lines", () => {
  const empty = new Uint8Array();
  for (const count of [1, 2, 3]) {
    const body = joinLines(Array(count).fill(empty));
    assertEquals([body.length, countLines(body)], [count - 1, count]);
  }
});

Deno.test("splitLines() copies nothing", () => {
  const body = new TextEncoder().encode("1\n22");
  assertEquals(splitLines(body).every(({ buffer }) => buffer === body.buffer), true);
});
