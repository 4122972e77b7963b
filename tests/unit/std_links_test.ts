/** Proves what this project relies on in `@std/cli` and `@std/assert`, whether they are the links or upstream. */
import {
  assert,
  assertArrayIncludes,
  assertEquals,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";
import { parseArgs } from "@std/cli";
import { parseArgs as parseArgsByPath } from "@std/cli/parse-args";

/** Fails unless `fn` throws an AssertionError, without the assertions under test. */
function mustFail(name: string, fn: () => unknown): void {
  try {
    fn();
  } catch (error) {
    if (error instanceof AssertionError) return;
    throw new Error(`${name} threw something else than an AssertionError`, { cause: error });
  }
  throw new Error(`${name} passed where it is to fail`);
}

function throwText(): never {
  // deno-lint-ignore no-throw-literal
  throw "text";
}

const FAILING: [name: string, run: () => unknown][] = [
  ["assert(0)", () => assert(0)],
  ["assertFalse(1)", () => assertFalse(1)],
  ["assertEquals(values)", () => assertEquals<unknown>(1, "1")],
  ["assertEquals(deep)", () => assertEquals({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] })],
  ["assertEquals(undefined property)", () => assertEquals<unknown>({ a: undefined }, {})],
  ["assertEquals(Map)", () => assertEquals(new Map([[1, 2]]), new Map([[1, 3]]))],
  ["assertEquals(bytes)", () => assertEquals(new Uint8Array([1]), new Uint8Array([2]))],
  ["assertNotEquals(deep)", () => assertNotEquals({ a: [1] }, { a: [1] })],
  ["assertStrictEquals(equal objects)", () => assertStrictEquals({}, {})],
  ["assertStrictEquals(0, -0)", () => assertStrictEquals(0, -0)],
  ["assertInstanceOf(class)", () => assertInstanceOf(new Error(), TypeError)],
  ["assertMatch()", () => assertMatch("abc", /d/)],
  ["assertStringIncludes()", () => assertStringIncludes("abc", "d")],
  ["assertArrayIncludes()", () => assertArrayIncludes([{ a: 1 }, { a: 2 }], [{ a: 2 }, { a: 3 }])],
  ["assertGreater()", () => assertGreater(1, 1)],
  ["assertGreaterOrEqual()", () => assertGreaterOrEqual(1, 2)],
  ["assertLess()", () => assertLess(1, 1)],
  ["assertLessOrEqual()", () => assertLessOrEqual(2, 1)],
  ["assertGreater(NaN)", () => assertGreater(NaN, 1)],
  ["assertObjectMatch(value)", () => assertObjectMatch({ a: { b: 1, c: 2 } }, { a: { b: 2 } })],
  ["assertObjectMatch(missing)", () => assertObjectMatch({ a: 1 }, { b: undefined })],
  ["assertObjectMatch(array too short)", () => assertObjectMatch({ a: [1] }, { a: [1, 2] })],
  ["fail()", () => fail("x")],
  ["assertThrows(no throw)", () => assertThrows(() => 1)],
  ["assertThrows(class)", () => assertThrows(() => JSON.parse("{"), TypeError)],
  ["assertThrows(text)", () => assertThrows(() => JSON.parse("{"), SyntaxError, "no such text")],
  ["assertThrows(non-error)", () => assertThrows(throwText, Error)],
];

for (const [name, run] of FAILING) Deno.test(`${name} fails`, () => mustFail(name, run));

Deno.test("assertions pass where they hold", () => {
  assert(1);
  assertFalse("");
  assertEquals({ a: [1, { b: new Map([[1, new Set([2])]]) }] }, { a: [1, { b: new Map([[1, new Set([2])]]) }] });
  assertEquals(NaN, NaN);
  assertNotEquals({ a: 1 }, { a: 2 });
  assertStrictEquals("a", "a");
  assertInstanceOf(new TypeError(), Error);
  assertMatch("abc", /b/);
  assertStringIncludes("abc", "b");
  assertArrayIncludes([{ a: 1 }, { a: 2 }], [{ a: 2 }]);
  assertGreater(2, 1);
  assertGreaterOrEqual(1, 1);
  assertLess(1n, 2n);
  assertLessOrEqual("a", "a");
  assertObjectMatch({ a: { b: 1, c: 2 }, d: [{ e: 1, f: 2 }, 3] }, { a: { b: 1 }, d: [{ e: 1 }] });
});

Deno.test("assertEquals() says what differs and the caller's message", () => {
  const error = assertThrows(() => assertEquals({ a: 1 }, { a: 2 }, "the batch"), AssertionError);
  assertStringIncludes(error.message, "the batch");
  assertMatch(error.message, /a: 1[^]*a: 2/);
});

Deno.test("assertThrows() returns the error, typed by its class", () => {
  const error: SyntaxError = assertThrows(() => JSON.parse("{"), SyntaxError, "JSON");
  assertInstanceOf(error, SyntaxError);
});

Deno.test("assertRejects() returns the error, typed by its class", async () => {
  const error: RangeError = await assertRejects(() => Promise.reject(new RangeError("out")), RangeError, "out");
  assertEquals(error.message, "out");
  assertEquals(await assertRejects(() => Promise.reject("text")), "text");
});

Deno.test("assertRejects() fails when nothing, or something else, is rejected", async () => {
  const rejected = (run: () => Promise<unknown>) =>
    run().then(() => fail("passed"), (error) => assert(error instanceof AssertionError && error.message !== "passed"));
  await rejected(() => assertRejects(() => Promise.resolve()));
  await rejected(() => assertRejects(() => Promise.reject(new Error("x")), TypeError));
  await rejected(() => assertRejects(() => Promise.reject(new Error("x")), Error, "y"));
  await rejected(() => assertRejects(() => Promise.reject("x"), Error));
  await rejected(() =>
    assertRejects(() => {
      throw new Error("not a promise");
    })
  );
});

Deno.test("assertions narrow types", () => {
  const value: unknown = new Map([["a", 1]]);
  assertInstanceOf(value, Map);
  assertEquals(value.size, 1);
  const maybe = ([1] as (number | undefined)[])[0];
  assert(maybe);
  assertEquals(maybe.toFixed(), "1");
});

Deno.test("parseArgs() reads flags by their types, and the rest", () => {
  const options = { string: ["port", "name", "_"], boolean: ["ui", "quiet", "loud"], collect: ["name"] };
  const flags = parseArgs(["--port", "7233", "--ui", "run", "--loud", "false", "5"], options);
  assertEquals(flags, { _: ["run", "5"], port: "7233", name: [], ui: true, quiet: false, loud: false });
});

Deno.test("parseArgs() leaves an absent string out and makes one without a value empty", () => {
  assertEquals(parseArgs(["--name", "--none"], { string: ["name", "absent"] }), { _: [], name: "", none: true });
  assertEquals(parseArgs(["--name", "-"], { string: ["name"] }), { _: ["-"], name: "" });
  assertEquals(parseArgs(["--name="], { string: ["name"] }), { _: [], name: "" });
});

Deno.test("parseArgs() counts the last of a repeated flag, or collects all", () => {
  const options = { string: ["a", "b", "c"], collect: ["b", "c"] };
  const flags = parseArgs(["--a", "1", "--a=2", "--b", "1", "--b=--x=2", "-b", "3"], options);
  assertEquals(flags, { _: [], a: "2", b: ["1", "--x=2", "3"], c: [] });
});

Deno.test("parseArgs() turns numbers of undeclared flags and arguments into numbers", () => {
  assertEquals(parseArgs(["--n", "5", "--s", "5", "6"], { string: ["s"] }), { _: [6], n: 5, s: "5" });
});

Deno.test("parseArgs() keeps what follows the double dash as it is", () => {
  assertEquals(parseArgs(["--s", "--", "--b", "5"], { string: ["s"] }), { _: ["--b", "5"], s: "" });
});

Deno.test("parseArgs() tells unknown what was typed, its key and its value", () => {
  const calls: unknown[][] = [];
  const unknown = (...call: unknown[]) => calls.push(call) < 0;
  const args = ["--known", "1", "--no-y", "--what", "x", "--why=z", "file", "--", "--rest"];
  const flags = parseArgs(args, { string: ["known"], unknown });
  assertEquals(calls, [["--no-y", "no-y", true], ["--what", "what", "x"], ["--why=z", "why", "z"], ["file"]]);
  assertEquals(flags, { _: ["--rest"], known: "1" });
});

Deno.test("parseArgs() is the same by either path", () => assertStrictEquals(parseArgs, parseArgsByPath));
