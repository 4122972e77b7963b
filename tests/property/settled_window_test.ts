import { assert, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { SettledWindow, type SettledWrite } from "../../src/core/settled_window.ts";
import { restoreSnapshot, takeSnapshot } from "../../src/core/snapshot.ts";
import { requestIdProblem } from "../../src/protocol/check.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { DIGEST_CHARS } from "../../src/protocol/digests.ts";

const encoder = new TextEncoder();

function settledWrite(digest: string, batch: string, time = "2026-01-01T00:00:00.000Z", mark?: number): SettledWrite {
  return {
    digest: digest.padEnd(DIGEST_CHARS, "_"),
    ...(mark !== undefined && { mark }),
    receipt: { status: "duplicate", batchId: batch, committedAt: time },
  };
}

function entries(window: SettledWindow, ids: Iterable<string>): [string, SettledWrite | undefined][] {
  return [...ids].map((id) => [id, window.get(id)]);
}

Deno.test("SettledWindow.add() remembers the newest writes, and no more than it was told to", () => {
  const add = fc.record({ id: fc.integer({ min: 0, max: 30 }), batch: fc.nat(3), digest: fc.nat(9) });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 30, max: 400 }),
      fc.array(add, { maxLength: 100, size: "max" }),
      (writesMax, bytesMax, adds) => {
        const window = new SettledWindow(writesMax, bytesMax);
        // The model: newest last, cut from the front. An id, its digest, two quotes and a comma are what is counted.
        let model: [string, SettledWrite][] = [];
        const bytes = () => model.reduce((sum, [id]) => sum + id.length + DIGEST_CHARS + 3, 0);
        for (const { id, batch, digest } of adds) {
          const requestId = `id-${id}`;
          const write = settledWrite(`d${digest}`, `batch-${batch}`);
          window.add(requestId, write);
          model = [...model.filter(([known]) => known !== requestId), [requestId, write]];
          while (model.length > writesMax || bytes() > bytesMax) model.shift();
          assertEquals(window.size, model.length);
          assertEquals(window.snapshot().ids, model.map(([id]) => id));
        }
        const known = new Map(model);
        for (let id = 0; id <= 30; id++) assertEquals(window.get(`id-${id}`), known.get(`id-${id}`));
      },
    ),
  );
});

/** Units of text that make ids longer in bytes than in characters, or longer in JSON than in bytes. */
const unit = fc.constantFrom("a", '"', "\\", "é", "語", "😀", "\u2028", "/");

const requestId = fc.oneof(
  fc.string({ unit, minLength: 1, maxLength: 40 }),
  fc.tuple(unit, fc.integer({ min: 1, max: 550 })).map(([text, times]) => text.repeat(times)),
);

const batchId = fc.tuple(fc.string({ unit, maxLength: 20 }), fc.nat(4)).map(([name, n]) => `${name}/0/0/${n}`);

Deno.test("SettledWindow.restore() remembers what snapshot() held, after a trip through JSON", () => {
  const add = fc.tuple(
    requestId,
    batchId,
    fc.constantFrom("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.000Z"),
    fc.constantFrom(undefined, 0, 1),
  );
  fc.assert(
    fc.property(fc.array(add, { maxLength: 60, size: "max" }), (adds) => {
      const window = new SettledWindow();
      for (const [id, batch, time, mark] of adds) window.add(id, settledWrite(`d${id.length}`, batch, time, mark));
      const snapshot = window.snapshot();
      const restored = SettledWindow.restore(JSON.parse(JSON.stringify(snapshot)));
      assertEquals(restored.snapshot(), snapshot);
      const ids = adds.map(([id]) => id);
      assertEquals(entries(restored, ids), entries(window, ids));
      assertEquals(restored.size, window.size);
    }),
  );
});

/** A batch id as batchers make them, about 60 characters. */
function realisticBatchId(n: number): string {
  return `orders-of-the-european-customers/12/3/019f8a6b3c2d/${String(n).padStart(8, "0")}`;
}

Deno.test("takeSnapshot() never exceeds its limit, whatever the ids and wherever they were stored", () => {
  const shape = fc.record({
    text: unit,
    chars: fc.oneof(fc.integer({ min: 1, max: LIMITS.requestIdCharsMax - 10 }), fc.integer({ min: 20, max: 60 })),
    writesPerBatch: fc.constantFrom(1, 1, 2, 7, 1_000),
    batch: fc.constantFrom(realisticBatchId, (n: number) => `${'"\\'.repeat(200)}/${n}`, (n: number) => `語/${n}`),
  });
  fc.assert(
    fc.property(shape, fc.nat(2 ** 31), ({ text, chars, writesPerBatch, batch }, generation) => {
      const window = new SettledWindow();
      for (let n = 0; n < LIMITS.rememberedWritesMax + 10; n++) {
        const id = `${n}${text.repeat(Math.ceil(chars / text.length))}`.slice(0, LIMITS.requestIdCharsMax)
          .toWellFormed();
        assertEquals(requestIdProblem(id), undefined);
        window.add(id, settledWrite("d", batch(Math.floor(n / writesPerBatch)), undefined, Number.MAX_SAFE_INTEGER));
      }
      const snapshot = takeSnapshot({ generation, settled: window, writers: [] });
      assertLessOrEqual(encoder.encode(JSON.stringify(snapshot)).length, LIMITS.snapshotBytesMax);
      const newest = snapshot.settled.ids.at(-1);
      assert(
        newest?.startsWith(String(LIMITS.rememberedWritesMax + 9)),
        "the newest write is the last to be forgotten",
      );
      assertEquals(restoreSnapshot(snapshot).settled.snapshot(), snapshot.settled);
    }),
    { numRuns: 60 },
  );
});

Deno.test("takeSnapshot() holds all that is remembered where ids are short and batches large", () => {
  const window = new SettledWindow();
  for (let n = 0; n < LIMITS.rememberedWritesMax; n++) {
    window.add(`0f6f2a52-6b0e-4a7c-8a1e-${n}`, settledWrite("d", realisticBatchId(n % 1_000 === 0 ? 1 : 2)));
  }
  assertEquals(
    takeSnapshot({ generation: 0, settled: window, writers: [] }).settled.ids.length,
    LIMITS.rememberedWritesMax,
  );
});

Deno.test("SettledWindow.snapshot() leaves the oldest writes out where every write came from another batch", () => {
  const window = new SettledWindow();
  for (let n = 0; n < LIMITS.rememberedWritesMax; n++) {
    window.add(`0f6f2a52-6b0e-4a7c-8a1e-9d7c5b3a1f0e-${n}`, settledWrite("d", realisticBatchId(n)));
  }
  const { ids } = window.snapshot(LIMITS.snapshotBytesMax);
  assertLess(ids.length, window.size);
  assertGreater(ids.length, window.size / 2);
  assert(ids.at(-1)?.endsWith(`-${LIMITS.rememberedWritesMax - 1}`));
});
