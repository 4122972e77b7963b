import { AssertionError, withMessage } from "./assertion_error.ts";
import { assertStringIncludes } from "./includes.ts";
import { type AnyClass, assertInstanceOf } from "./instance_of.ts";

/** What the arguments after the function mean, in `assertThrows` and `assertRejects`. */
export interface ExpectedError {
  errorClass?: AnyClass<Error>;
  msgIncludes?: string;
  msg?: string;
}

/** Reads the overloads `(msg?)` and `(ErrorClass, msgIncludes?, msg?)`. */
export function toExpectedError(
  classOrMsg: AnyClass<Error> | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): ExpectedError {
  return typeof classOrMsg === "string" ? { msg: classOrMsg } : { errorClass: classOrMsg, msgIncludes, msg };
}

/**
 * Asserts that what was thrown is what was expected.
 *
 * @throws {AssertionError} If it is of another class or its message lacks the text.
 */
export function checkExpectedError(error: unknown, { errorClass, msgIncludes, msg }: ExpectedError): void {
  if (!errorClass) return;
  if (!(error instanceof Error)) throw new AssertionError(withMessage("A non-Error value was thrown", msg));
  assertInstanceOf(error, errorClass, msg);
  if (msgIncludes !== undefined) assertStringIncludes(error.message, msgIncludes, msg);
}
