import { assertEquals } from "./equals.ts";

/**
 * Asserts that an object has all that another has, deeply; what it has besides does not matter. Of an array
 * as many items are compared as are expected, each by the same rule.
 *
 * @param actual The object to check.
 * @param expected What it is to have.
 * @param msg Message of the failure.
 * @throws {AssertionError} If something is missing or differs, with the differences.
 */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals(project(actual, expected), project(expected, expected), msg);
}

/** Returns the part of `actual` that `expected` speaks of. */
function project(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return actual.slice(0, expected.length).map((item, i) => project(item, expected[i]));
  }
  if (!isRecord(actual) || !isRecord(expected)) return actual;
  const keys = Reflect.ownKeys(expected).filter((key) => key in actual);
  return Object.fromEntries(keys.map((key) => [key, project(actual[key], expected[key])]));
}

/** Tells whether a value is compared by its properties: dates, maps, byte arrays and the like are compared whole. */
function isRecord(value: unknown): value is Record<PropertyKey, unknown> {
  return ["[object Object]", "[object Error]"].includes(Object.prototype.toString.call(value));
}
