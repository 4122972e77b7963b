import { inspect, isDeepStrictEqual } from "node:util";
import { AssertionError, withMessage } from "./assertion_error.ts";

/**
 * Asserts that a string contains another.
 *
 * @param actual The string to look in.
 * @param expected The string to find.
 * @param msg Message of the failure.
 * @throws {AssertionError} If it does not contain it.
 */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(withMessage(`Expected ${inspect(actual)} to contain ${inspect(expected)}`, msg));
}

/**
 * Asserts that an array contains each item of another, by deep equality and in any order.
 *
 * @param actual The array to look in.
 * @param expected The items to find.
 * @param msg Message of the failure.
 * @throws {AssertionError} If one is missing, with the missing ones.
 */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T> & object,
  expected: ArrayLike<T> & object,
  msg?: string,
): void {
  const items = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) => !items.some((item) => isDeepStrictEqual(item, wanted)));
  if (missing.length === 0) return;
  throw new AssertionError(withMessage(`Expected ${inspect(actual)} to include: missing ${inspect(missing)}`, msg));
}
