import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { type Chunk, WriteQueue } from "../../src/core/write_queue.ts";

function makeChunk(name: number, writes: number, bytes: number): Chunk<never> {
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

const chunk = fc.record({ writes: fc.integer({ min: 1, max: 6 }), bytes: fc.integer({ min: 1, max: 60 }) });
const take = fc.record({ writesMax: fc.integer({ min: 1, max: 10 }), bytesMax: fc.integer({ min: 1, max: 100 }) });

Deno.test("WriteQueue gives out every chunk once and in order, and no more at a time than fits", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(chunk, take), { maxLength: 80, size: "max" }), (steps) => {
      const queue = new WriteQueue<never>();
      const model: Chunk<never>[] = [];
      const writesOf = (chunks: readonly Chunk<never>[]) => chunks.reduce((sum, { writes }) => sum + writes.length, 0);
      const bytesOf = (chunks: readonly Chunk<never>[]) => chunks.reduce((sum, { bytes }) => sum + bytes, 0);
      steps.forEach((step, n) => {
        if ("writes" in step) {
          const next = makeChunk(n, step.writes, step.bytes);
          queue.push(next);
          model.push(next);
        } else {
          const taken = queue.take(step.writesMax, step.bytesMax);
          const expected = model.splice(0, taken.length);
          assert(taken.every((chunk, i) => chunk === expected[i]));
          if (taken.length === 0) assertEquals(model.length, 0);
          if (taken.length > 1) {
            assertLessOrEqual(writesOf(taken), step.writesMax);
            assertLessOrEqual(bytesOf(taken), step.bytesMax);
          }
          if (model.length > 0) {
            // It stopped because the next chunk would not fit, and for no other reason.
            const more = [...taken, model[0]];
            assert(writesOf(more) > step.writesMax || bytesOf(more) > step.bytesMax);
          }
        }
        assertEquals([queue.writes, queue.bytes], [writesOf(model), bytesOf(model)]);
      });
    }),
  );
});

Deno.test("WriteQueue.take() gives out a chunk that is over the limits by itself, alone", () => {
  const queue = new WriteQueue<never>();
  queue.push(makeChunk(0, 5, 500));
  queue.push(makeChunk(1, 1, 1));
  assertEquals(queue.take(2, 10).map((chunk) => chunk.writes.length), [5]);
  assertGreater(queue.writes, 0);
});
