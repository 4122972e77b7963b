import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type CallRecord, interleave, runShape, steadyPart } from "../../src/lab/compare/load_shape.ts";
import type { Told } from "../../src/lab/compare/variant.ts";
import { permittedTest } from "../support/permitted.ts";

const DONE: Told = { kind: "done", waitMs: 1 };
const NEVER = new AbortController().signal;

function rounds<T>(items: readonly T[], count: number): T[][] {
  const order: T[][] = Array.from({ length: count }, () => []);
  for (const { round, item } of interleave(items, count)) order[round].push(item);
  return order;
}

Deno.test("interleave() gives everyone a turn in each round, and the first one to each in turn", () => {
  const order = rounds(["a", "b", "c", "d"], 4);
  for (const round of order) assertEquals(round.toSorted(), ["a", "b", "c", "d"]);
  assertEquals(order.map(([first]) => first), ["a", "b", "c", "d"]);
});

Deno.test("interleave() changes who comes before whom", () => {
  assertEquals(rounds(["a", "b", "c"], 2), [["a", "b", "c"], ["b", "a", "c"]]);
  assertEquals(rounds(["a", "b"], 2), [["a", "b"], ["b", "a"]]);
  assertEquals(rounds(["a"], 2), [["a"], ["a"]]);
  assertEquals(rounds([], 2), [[], []]);
});

Deno.test("runShape() one by one begins a call after the one before has ended", async () => {
  let running = 0;
  const { calls, counted } = await runShape({ kind: "one by one", calls: 3 }, async () => {
    assertEquals(++running, 1);
    await Promise.resolve();
    running--;
    return DONE;
  }, NEVER);
  assertEquals(calls.map(({ n }) => n), [0, 1, 2]);
  assertEquals(counted, calls);
});

Deno.test("runShape() at once begins all calls before one has ended", async () => {
  const all = Promise.withResolvers<void>();
  let begun = 0;
  await runShape({ kind: "at once", calls: 5 }, async () => {
    if (++begun === 5) all.resolve();
    await all.promise;
    return DONE;
  }, NEVER);
});

Deno.test("runShape() open begins calls whether those before have ended or not", async () => {
  const all = Promise.withResolvers<void>();
  let begun = 0;
  const { calls } = await runShape({ kind: "open", everyMs: 1, durationMs: 4 }, async () => {
    if (++begun === 4) all.resolve();
    await all.promise;
    return DONE;
  }, NEVER);
  assertEquals(calls.length, 4);
});

Deno.test("runShape() closed keeps as many calls running as there are callers, and has three for each", async () => {
  let running = 0;
  let most = 0;
  const { calls, counted, perSecond } = await runShape({ kind: "closed", callers: 4, durationMs: 0 }, async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    return DONE;
  }, NEVER);
  assertEquals(most, 4);
  assert(calls.length >= 12, `${calls.length} calls`);
  assert(counted.length > 0 && counted.length <= calls.length - 4, `${counted.length} of ${calls.length} counted`);
  assert(perSecond > 0);
});

Deno.test("runShape() begins no calls after the signal", async () => {
  const { calls } = await runShape({ kind: "one by one", calls: 3 }, () => Promise.resolve(DONE), AbortSignal.abort());
  assertEquals(calls, []);
});

Deno.test("runShape() fails with a call that fails", async () => {
  const call = () => Promise.reject(new Error("no server"));
  await assertRejects(() => runShape({ kind: "at once", calls: 2 }, call, NEVER), Error, "no server");
});

/** Two callers in a closed loop, each call 10 ms long. */
function twoCallers(calls: number): CallRecord[] {
  return Array.from({ length: calls }, (_, n) => {
    const begunAtMs = Math.floor(n / 2) * 10 + n % 2;
    return { n, told: DONE, begunAtMs, endedAtMs: begunAtMs + 10 };
  });
}

Deno.test("steadyPart() leaves out the calls that began together, and the time after the last call began", () => {
  const { counted, perSecond } = steadyPart(twoCallers(8), 2);
  // The rush ends with the second answer, at 11 ms; the last call begins at 31 ms.
  assertEquals(counted.map(({ n }) => n), [3, 4, 5, 6, 7]);
  // Answers at 20, 21, 30 and 31 ms.
  assertEquals(perSecond, 4 / 0.02);
});

Deno.test("steadyPart() says that a load was too short to have one", () => {
  assertThrows(() => steadyPart(twoCallers(2), 2), Error, "The load was too short: 2 calls of 2 callers");
});

permittedTest("checkRows() finds a caller who was told of a row that is not there, or is there twice", async () => {
  const { DatabaseSync } = await import("node:sqlite");
  const { checkRows, prepareDatabase } = await import("../../src/lab/compare/database.ts");
  const { directVariant } = await import("../../src/lab/compare/variants/row.ts");
  const directory = await Deno.makeTempDir();
  const file = `${directory}/rows.db`;
  await prepareDatabase(file, directVariant);
  {
    using database = new DatabaseSync(file);
    const insert = database.prepare("INSERT INTO direct_writes VALUES (?, ?, 'b', 't')");
    for (const key of ["k0", "k2", "k2"]) insert.run(key, JSON.stringify({ key }));
  }
  const call = (n: number, told: Told = DONE): CallRecord => ({ n, told, begunAtMs: 0, endedAtMs: 1 });
  const check = (...calls: CallRecord[]) => checkRows(file, directVariant, calls, (n) => `k${n}`);
  check(call(0), call(1, { kind: "failed", errorType: "Error", message: "" }));
  assertThrows(() => check(call(0), call(1)), Error, "measurement of direct is void: of 2");
  assertThrows(() => check(call(1)), Error, "such as k1 with 0 rows");
  assertThrows(() => check(call(2)), Error, "such as k2 with 2 rows");
  await Deno.remove(directory, { recursive: true });
});
