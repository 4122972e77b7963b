import { assertEquals } from "@std/assert";
import { LineRanges } from "../../src/cli/line_ranges.ts";

function rangesOf(...numbers: number[]): string {
  const ranges = new LineRanges();
  for (const number of numbers) ranges.add(number);
  return `${ranges}`;
}

Deno.test("LineRanges names lines as ranges, in their order", () => {
  assertEquals(rangesOf(7), "lines 7");
  assertEquals(rangesOf(10, 2, 1, 9, 3, 7), "lines 1-3, 7, 9-10");
});

Deno.test("LineRanges names a few ranges and counts the rest", () => {
  assertEquals(rangesOf(1, 3, 5, 7, 9, 11, 12, 14), "lines 1, 3, 5, 7, 9 and 3 more");
});
