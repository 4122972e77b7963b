import nodeAssert from "node:assert";
import { check } from "./assertion_error.ts";

/**
 * Asserts that two values are deeply equal.
 *
 * @param actual The value to check.
 * @param expected What it is to equal.
 * @param msg Message of the failure.
 * @throws {AssertionError} If they differ, with the differences.
 */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => nodeAssert.deepStrictEqual(actual, expected), msg);
}

/**
 * Asserts that two values are not deeply equal.
 *
 * @param actual The value to check.
 * @param expected What it is not to equal.
 * @param msg Message of the failure.
 * @throws {AssertionError} If they are equal.
 */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => nodeAssert.notDeepStrictEqual(actual, expected), msg);
}

/**
 * Asserts that two values are the same by `Object.is`.
 *
 * @param actual The value to check.
 * @param expected What it is to be.
 * @param msg Message of the failure.
 * @throws {AssertionError} If they are not.
 */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  check(() => nodeAssert.strictEqual(actual, expected), msg);
}
