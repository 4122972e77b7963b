import { AssertionError, withMessage } from "./assertion_error.ts";
import { checkExpectedError, toExpectedError } from "./expected_error.ts";
import type { AnyClass } from "./instance_of.ts";

/**
 * Asserts that a function returns a promise that rejects.
 *
 * @param fn The function.
 * @param msg Message of the failure.
 * @returns What it rejected with.
 * @throws {AssertionError} If it does not reject, or throws instead of rejecting.
 */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/**
 * Asserts that a function returns a promise that rejects with an error of a class.
 *
 * @param fn The function.
 * @param ErrorClass The class.
 * @param msgIncludes Text that the error's message is to contain.
 * @param msg Message of the failure.
 * @returns The error.
 * @throws {AssertionError} If it does not reject, or with something else, or throws instead of rejecting.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: AnyClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = toExpectedError(classOrMsg, msgIncludes, msg);
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    throw new AssertionError(withMessage("Function throws when expected to reject", expected.msg), { cause: error });
  }
  if (typeof promise?.then !== "function") {
    throw new AssertionError(withMessage("Function returns no promise when expected to reject", expected.msg));
  }
  try {
    await promise;
  } catch (error) {
    checkExpectedError(error, expected);
    return error;
  }
  throw new AssertionError(withMessage("Expected function to reject", expected.msg));
}
