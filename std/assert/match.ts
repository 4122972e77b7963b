import nodeAssert from "node:assert";
import { check } from "./assertion_error.ts";

/**
 * Asserts that a string matches a regular expression.
 *
 * @param actual The string.
 * @param expected The expression.
 * @param msg Message of the failure.
 * @throws {AssertionError} If it does not match.
 */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  check(() => nodeAssert.match(actual, expected), msg);
}
