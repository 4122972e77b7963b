import { assertEquals } from "@std/assert";
import { whyNotJson, whyNotUtf8 } from "../../src/cli/bad_line.ts";

const long = "x".repeat(100);

/** Lines, and what is said of each. */
const LINES: readonly (readonly [line: string, why: string])[] = [
  ['{"a":', 'it ends too early at column 6: {"a":'],
  ['{"a":1 "b":2}', `Expected ',' or '}' after property value at column 8: {"a":1 "b":2}`],
  ['{"a":1}x', 'Unexpected non-whitespace character after JSON at column 8: {"a":1}x'],
  ['{"a":"\x1b[31m"}', 'Bad control character in string literal at column 7: {"a":"\\u{1b}[31m"}'],
  ['{"a":}', `Unexpected token '}', "{"a":}"`],
  [`["${long}", nul]`, `Unexpected token ']', ..."xxxx", nul]"`],
  [
    `["${long}" "${long}"]`,
    `Expected ',' or ']' after array element at column 105: …${"x".repeat(28)}" "${"x".repeat(29)}…`,
  ],
];

for (const [line, why] of LINES) {
  Deno.test(`whyNotJson() says where: ${why}`, () => {
    try {
      JSON.parse(line);
    } catch (error) {
      assertEquals(whyNotJson(error as Error, line), `is not JSON: ${why}`);
      return;
    }
    throw new Error("it is JSON");
  });
}

Deno.test("whyNotUtf8() says where", () => {
  const bytes = new TextEncoder().encode('{"é":"xy"}');
  bytes[7] = 0xff;
  assertEquals(whyNotUtf8(bytes), 'is not UTF-8 at column 7: {"é":"\ufffdy"}');
});
