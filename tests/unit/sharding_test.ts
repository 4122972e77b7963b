import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import fc from "fast-check";
import { shardOf } from "../../src/client/sharding.ts";
import { fnv1a32 } from "../../src/protocol/fnv1a.ts";

Deno.test("fnv1a32() gives the published values", () => {
  // From the tables of the authors of FNV.
  const published: [text: string, hash: number][] = [
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["b", 0xe70c2de5],
    ["foobar", 0xbf9cf968],
  ];
  for (const [text, hash] of published) assertEquals([text, fnv1a32(text)], [text, hash]);
});

const encoder = new TextEncoder();

/** Slow and obvious: exact arithmetic on the bytes that everybody else would hash. */
function reference(text: string): number {
  let hash = 0x811c9dc5n;
  for (const byte of encoder.encode(text)) hash = (hash ^ BigInt(byte)) * 0x01000193n & 0xffffffffn;
  return Number(hash);
}

Deno.test("fnv1a32() hashes the bytes of UTF-8, whatever the characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      assert(text.isWellFormed());
      assertEquals(fnv1a32(text), reference(text));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("fnv1a32() hashes the bytes of UTF-8 at each border of their number", () => {
  for (const point of [0x0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff]) {
    const text = `${String.fromCodePoint(point)}é${String.fromCodePoint(point)}`;
    assertEquals([point, fnv1a32(text)], [point, reference(text)]);
  }
});

Deno.test("shardOf() goes by the partition key, and by the request id where there is none", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 1_024 }), (requestId, partitionKey, shards) => {
      assertEquals(shardOf({ requestId }, shards), fnv1a32(requestId) % shards);
      assertEquals(shardOf({ requestId, partitionKey }, shards), fnv1a32(partitionKey) % shards);
    }),
  );
});

Deno.test("shardOf() is the same for ever: a change would send a key to another batcher", () => {
  const shards = ["order-1", "order-2", "account-17", "語", "😀"].map((requestId) => shardOf({ requestId }, 16));
  assertEquals(shards, [13, 4, 3, 11, 8]);
});

Deno.test("shardOf() spreads ids evenly", () => {
  const ids: ((n: number) => string)[] = [
    (n) => `order-${n}`,
    (n) => `transaction-${n}/0f6f2a52-6b0e-4a7c-8a1e-9d7c5b3a1f0e/1`,
    () => crypto.randomUUID(),
  ];
  const COUNT = 20_000;
  for (const id of ids) {
    for (const shards of [2, 3, 7, 8, 16]) {
      const counts = new Array<number>(shards).fill(0);
      for (let n = 0; n < COUNT; n++) counts[shardOf({ requestId: id(n) }, shards)]++;
      assertLess(Math.max(...counts), 1.2 * COUNT / shards, `${id(0)} over ${shards}`);
      assertGreater(Math.min(...counts), 0.8 * COUNT / shards, `${id(0)} over ${shards}`);
    }
  }
});
