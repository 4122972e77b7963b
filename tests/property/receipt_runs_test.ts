import { assertEquals, assertGreater, assertLessOrEqual, assertThrows } from "@std/assert";
import fc from "fast-check";
import { LIMITS } from "../../src/protocol/limits.ts";
import { decodeRuns, encodeAnswer, encodeRuns, type WriteReceipt } from "../../src/protocol/receipt_runs.ts";

const batchId = fc.constantFrom("b-1", "b-2");

/** Few values for each field, so that neighbours often differ in just one of them. */
const receipt: fc.Arbitrary<WriteReceipt> = fc.oneof(
  fc.record({
    status: fc.constantFrom("committed", "duplicate"),
    batchId,
    committedAt: fc.constantFrom("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.000Z"),
  }),
  fc.record({
    status: fc.constantFrom("committed", "duplicate"),
    batchId,
    committedAt: fc.constant("2026-01-01T00:00:00.000Z"),
    // As JSON gives them back: null is a result, too, and so is 0.
    result: fc.oneof(fc.constantFrom(null, 0, "", false), fc.jsonValue({ maxDepth: 1 })),
  }),
  fc.record({
    status: fc.constantFrom("committed", "duplicate"),
    batchId,
    committedAt: fc.constant("2026-01-01T00:00:00.000Z"),
    resultOmitted: fc.constant(true as const),
  }),
  fc.record({
    status: fc.constantFrom("rejected", "conflict", "failed", "unknown"),
    batchId,
    errorType: fc.constantFrom("t-1", "t-2"),
    errorMessage: fc.constantFrom("m-1", "m-2"),
  }),
);

const receipts = fc.array(receipt, { maxLength: 60, size: "max" }).map(asJson);

function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

Deno.test("decodeRuns() gives back what encodeRuns() joined, after a trip through JSON", () => {
  fc.assert(
    fc.property(receipts, (receipts) => {
      const runs = asJson(encodeRuns(receipts));
      assertEquals(decodeRuns(runs, receipts.length), receipts);
      assertEquals(runs.reduce((sum, { count }) => sum + count, 0), receipts.length);
    }),
  );
});

Deno.test("encodeRuns() joins all neighbours that it can", () => {
  fc.assert(
    fc.property(receipts, (receipts) => {
      const withoutResult = ({ ...copy }: WriteReceipt) =>
        JSON.stringify("result" in copy ? { ...copy, result: "some" } : copy);
      const borders = receipts.filter((receipt, i) =>
        i === 0 || withoutResult(receipt) !== withoutResult(receipts[i - 1])
      );
      assertEquals(encodeRuns(receipts).length, borders.length);
      assertLessOrEqual(borders.length, receipts.length);
    }),
  );
});

Deno.test("decodeRuns() refuses an answer for more or fewer writes than were asked about", () => {
  fc.assert(
    fc.property(receipts, fc.integer({ min: -5, max: 5 }).filter((by) => by !== 0), (receipts, by) => {
      const error = assertThrows(() => decodeRuns(encodeRuns(receipts), receipts.length + by), RangeError);
      assertGreater(error.message.indexOf(`it covers ${receipts.length}`), 0);
    }),
  );
});

Deno.test("encodeAnswer() changes nothing that fits", () => {
  fc.assert(fc.property(receipts, (receipts) => assertEquals(encodeAnswer(receipts).runs, encodeRuns(receipts))));
});

Deno.test("encodeAnswer() keeps every status, batch and time of what is too large for the wire", () => {
  const common = { batchId: "b", committedAt: "2026-01-01T00:00:00.000Z" };
  const answers: WriteReceipt[][] = [
    Array.from({ length: 2_000 }, (_, i) => ({ status: "committed", ...common, result: `${i}`.padEnd(1_500) })),
    Array.from({ length: 2_000 }, (_, i) => ({
      status: "rejected",
      batchId: "b",
      errorType: "t",
      errorMessage: `${i} ${"口".repeat(490)}`,
    })),
  ];
  for (const receipts of answers) {
    const { runs, bytes } = encodeAnswer(receipts);
    assertEquals(new TextEncoder().encode(JSON.stringify(runs)).length, bytes);
    assertLessOrEqual(bytes, LIMITS.answerBytesMax);
    const bare = ({ status, batchId }: WriteReceipt) => ({ status, batchId });
    assertEquals(decodeRuns(runs, receipts.length).map(bare), receipts.map(bare));
  }
});

Deno.test("encodeAnswer() never exceeds its bytes, and says unknown for what it leaves out", () => {
  fc.assert(fc.property(receipts, fc.integer({ min: 1_024, max: 4_096 }), (receipts, bytesMax) => {
    const { runs, bytes } = encodeAnswer(receipts, bytesMax);
    assertEquals(new TextEncoder().encode(JSON.stringify(runs)).length, bytes);
    assertLessOrEqual(bytes, bytesMax);
    decodeRuns(runs, receipts.length).forEach((told, i) => {
      if (told.status !== receipts[i].status) assertEquals([told.status, told.batchId], ["unknown", ""]);
    });
  }));
});
