import { assert, assertEquals, assertFalse, assertGreater, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { LaneSelector } from "../../src/client/lane_selector.ts";
import { WriterLeases } from "../../src/core/lanes.ts";
import { ModelWriters } from "./model_writers.ts";

const LEASE_MS = 100;

/** Data and not functions: a counterexample is to say what happened. */
type Step =
  | { readonly ask: string }
  | { readonly answer: string }
  | { readonly wait: number };

const writer = fc.constantFrom("a", "b", "c", "d", "e", "f", "g");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ ask: writer }) },
  { weight: 3, arbitrary: fc.record({ answer: writer }) },
  { weight: 2, arbitrary: fc.record({ wait: fc.constantFrom(1, 30, LEASE_MS - 1, LEASE_MS) }) },
);

Deno.test("WriterLeases admits no more than its number of writers, and keeps each for its lease", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 80, size: "max" }), (writersMax, steps) => {
      const leases = new WriterLeases(writersMax, LEASE_MS);
      const model = new ModelWriters(writersMax, LEASE_MS);
      for (const step of steps) {
        if ("wait" in step) model.nowMs += step.wait;
        if ("ask" in step) {
          const admits = model.admits(step.ask);
          assertEquals(leases.hasPlaceFor(step.ask, model.nowMs), admits);
          assertEquals(leases.hasInFlight(step.ask), model.isBusy(step.ask));
          if (admits) {
            leases.enter(step.ask, model.nowMs);
            model.enter(step.ask);
          }
        }
        if ("answer" in step && model.leave(step.answer)) leases.leave(step.answer, model.nowMs);
        assertEquals(leases.count(model.nowMs), model.count);
        assertLessOrEqual(model.count, writersMax);
        assertLessOrEqual(model.inFlight, writersMax);
        assertLessOrEqual(leases.snapshot().length, writersMax, "what has lapsed does not pile up");
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("WriterLeases.hasPlaceFor() is true for a writer with a place however full it is, until its lease ends", () => {
  const leases = new WriterLeases(1, LEASE_MS);
  leases.enter("a", 0);
  leases.leave("a", 10);
  assert(leases.hasPlaceFor("a", 109));
  assertFalse(leases.hasPlaceFor("b", 109));
  assert(leases.hasPlaceFor("b", 110));
  assertEquals(leases.count(110), 0);
});

Deno.test("WriterLeases keeps the place of a writer whose Update waits for longer than a lease", () => {
  const leases = new WriterLeases(1, LEASE_MS);
  leases.enter("a", 0);
  leases.enter("a", 1);
  leases.leave("a", 2);
  assertFalse(leases.hasPlaceFor("b", 50 * LEASE_MS));
  leases.leave("a", 50 * LEASE_MS);
  assertFalse(leases.hasPlaceFor("b", 51 * LEASE_MS - 1));
  assert(leases.hasPlaceFor("b", 51 * LEASE_MS));
});

Deno.test("WriterLeases goes on from its snapshot", () => {
  const leases = new WriterLeases(2, LEASE_MS);
  leases.enter("a", 0);
  leases.leave("a", 0);
  leases.enter("b", 60);
  leases.leave("b", 60);
  const restored = new WriterLeases(2, LEASE_MS, JSON.parse(JSON.stringify(leases.snapshot())));
  assertEquals(restored.count(99), 2);
  assertFalse(restored.hasPlaceFor("c", 99));
  assert(restored.hasPlaceFor("c", 100));
  assertEquals(restored.count(100), 1);
});

Deno.test("LaneSelector.full() packs: one lane after the other", () => {
  const walk = new LaneSelector("writer");
  const lanes = Array.from({ length: 5 }, () => {
    const { lane } = walk;
    walk.full();
    return lane;
  });
  assertEquals(lanes, [0, 1, 2, 3, 4]);
});

/** The lanes of a writer that meets these answers. */
function lanesOf(writerId: string, answers: readonly ("full" | "crowded")[]): number[] {
  const walk = new LaneSelector(writerId);
  return [
    walk.lane,
    ...answers.map((answer) => {
      walk[answer]();
      return walk.lane;
    }),
  ];
}

const answers = fc.array(fc.constantFrom("full" as const, "crowded" as const), { maxLength: 20 });

Deno.test("LaneSelector takes the same way for the same writer and answers, and never a lane twice", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), answers, (writerId, answers) => {
      const lanes = lanesOf(writerId, answers);
      assertEquals(lanesOf(writerId, answers), lanes);
      for (let i = 1; i < lanes.length; i++) assertGreater(lanes[i], lanes[i - 1]);
      // One lane for each answer while there is no crowd, and no further than the next sixteen after that.
      const alone = answers.includes("crowded") ? answers.indexOf("crowded") : answers.length;
      assertEquals(lanes.slice(0, alone + 1), Array.from({ length: alone + 1 }, (_, lane) => lane));
      assertLessOrEqual(lanes.at(-1)!, alone + 16 * (answers.length - alone));
    }),
  );
});

Deno.test("LaneSelector.crowded() spreads a crowd over sixteen lanes at each step", () => {
  const crowd = Array.from({ length: 100 }, () => lanesOf(crypto.randomUUID(), ["crowded"])[1]);
  for (const lane of crowd) assert(lane >= 1 && lane <= 16, `${lane}`);
  assertGreaterOrEqual(new Set(crowd).size, 12);
  // Two that met once do not go on together.
  const next = Array.from({ length: 100 }, () => lanesOf(crypto.randomUUID(), ["crowded", "full"])[2]);
  for (const lane of next) assert(lane >= 17 && lane <= 32, `${lane}`);
  assertGreaterOrEqual(new Set(next).size, 12);
});
