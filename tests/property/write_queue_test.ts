import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { type Piece, WriteQueue } from "../../src/core/write_queue.ts";

function makePiece(name: number, writes: number, bytes: number): Piece<never> {
  return {
    writes: Array.from({ length: writes }, (_, i) => ({
      requestId: `${name}/${i}`,
      digest: "d".repeat(16),
      receipt: undefined,
    })),
    digests: "d".repeat(16 * writes),
    keys: undefined,
    mark: undefined,
    body: new Uint8Array(),
    bytes,
  };
}

const piece = fc.record({ writes: fc.integer({ min: 1, max: 6 }), bytes: fc.integer({ min: 1, max: 60 }) });
const take = fc.record({ writesMax: fc.integer({ min: 1, max: 10 }), bytesMax: fc.integer({ min: 1, max: 100 }) });

Deno.test("WriteQueue gives out every piece once and in order, and no more at a time than fits", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, take), { maxLength: 80, size: "max" }), (steps) => {
      const queue = new WriteQueue<never>();
      const model: Piece<never>[] = [];
      const writesOf = (pieces: readonly Piece<never>[]) => pieces.reduce((sum, { writes }) => sum + writes.length, 0);
      const bytesOf = (pieces: readonly Piece<never>[]) => pieces.reduce((sum, { bytes }) => sum + bytes, 0);
      steps.forEach((step, n) => {
        if ("writes" in step) {
          const next = makePiece(n, step.writes, step.bytes);
          queue.push(next);
          model.push(next);
        } else {
          const taken = queue.take(step.writesMax, step.bytesMax);
          const expected = model.splice(0, taken.length);
          assert(taken.every((piece, i) => piece === expected[i]));
          if (taken.length === 0) assertEquals(model.length, 0);
          if (taken.length > 1) {
            assertLessOrEqual(writesOf(taken), step.writesMax);
            assertLessOrEqual(bytesOf(taken), step.bytesMax);
          }
          if (model.length > 0) {
            // It stopped because the next piece would not fit, and for no other reason.
            const more = [...taken, model[0]];
            assert(writesOf(more) > step.writesMax || bytesOf(more) > step.bytesMax);
          }
        }
        assertEquals([queue.writes, queue.bytes], [writesOf(model), bytesOf(model)]);
      });
    }),
  );
});

Deno.test("WriteQueue.take() gives out a piece that is over the limits by itself, alone", () => {
  const queue = new WriteQueue<never>();
  queue.push(makePiece(0, 5, 500));
  queue.push(makePiece(1, 1, 1));
  assertEquals(queue.take(2, 10).map((piece) => piece.writes.length), [5]);
  assertGreater(queue.writes, 0);
});
