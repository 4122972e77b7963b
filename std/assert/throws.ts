import { AssertionError, withMessage } from "./assertion_error.ts";
import { checkExpectedError, toExpectedError } from "./expected_error.ts";
import type { AnyClass } from "./instance_of.ts";

/**
 * Asserts that a function throws.
 *
 * @param fn The function.
 * @param msg Message of the failure.
 * @returns What it threw.
 * @throws {AssertionError} If it does not throw.
 */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Asserts that a function throws an error of a class.
 *
 * @param fn The function.
 * @param ErrorClass The class.
 * @param msgIncludes Text that the error's message is to contain.
 * @param msg Message of the failure.
 * @returns The error.
 * @throws {AssertionError} If it does not throw, or something else.
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: AnyClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = toExpectedError(classOrMsg, msgIncludes, msg);
  try {
    fn();
  } catch (error) {
    checkExpectedError(error, expected);
    return error;
  }
  throw new AssertionError(withMessage("Expected function to throw", expected.msg));
}
