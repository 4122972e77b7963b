/**
 * Stand-in for the part of `@std/assert` that this project uses, on `node:assert`, for networks that cannot reach JSR.
 * Delete the `links` line of the root `deno.json` to use the upstream package instead: nothing else changes.
 *
 * Equality is that of `deepStrictEqual`. It is stricter than upstream for `0` and `-0` and for objects without a
 * prototype; unlike upstream it compares errors by name and message, not by stack.
 *
 * @module
 */
export { assertArrayIncludes, assertStringIncludes } from "./includes.ts";
export { AssertionError } from "./assertion_error.ts";
export { assertEquals, assertNotEquals, assertStrictEquals } from "./equals.ts";
export { assertGreater, assertGreaterOrEqual, assertLess, assertLessOrEqual } from "./order.ts";
export { assertInstanceOf } from "./instance_of.ts";
export { assertMatch } from "./match.ts";
export { assertObjectMatch } from "./object_match.ts";
export { assertRejects } from "./rejects.ts";
export { assertThrows } from "./throws.ts";
export { assert, assertExists, assertFalse, fail, type Falsy, unreachable } from "./truth.ts";
