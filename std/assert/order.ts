import { inspect } from "node:util";
import { AssertionError } from "./assertion_error.ts";

function assertOrder(holds: boolean, actual: unknown, relation: string, expected: unknown, msg?: string): void {
  if (!holds) throw new AssertionError(msg ?? `Expected ${inspect(actual)} ${relation} ${inspect(expected)}`);
}

/**
 * Asserts that `actual` is greater than `expected`.
 *
 * @param actual The value to check.
 * @param expected The bound.
 * @param msg Message of the failure.
 * @throws {AssertionError} If it is not.
 */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  assertOrder(actual > expected, actual, ">", expected, msg);
}

/**
 * Asserts that `actual` is greater than or equal to `expected`.
 *
 * @param actual The value to check.
 * @param expected The bound.
 * @param msg Message of the failure.
 * @throws {AssertionError} If it is not.
 */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  assertOrder(actual >= expected, actual, ">=", expected, msg);
}

/**
 * Asserts that `actual` is less than `expected`.
 *
 * @param actual The value to check.
 * @param expected The bound.
 * @param msg Message of the failure.
 * @throws {AssertionError} If it is not.
 */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  assertOrder(actual < expected, actual, "<", expected, msg);
}

/**
 * Asserts that `actual` is less than or equal to `expected`.
 *
 * @param actual The value to check.
 * @param expected The bound.
 * @param msg Message of the failure.
 * @throws {AssertionError} If it is not.
 */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  assertOrder(actual <= expected, actual, "<=", expected, msg);
}
