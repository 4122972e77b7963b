import { inspect } from "node:util";
import { AssertionError, withMessage } from "./assertion_error.ts";

/** Any class, abstract ones too. */
// deno-lint-ignore no-explicit-any
export type AnyClass<T = any> = abstract new (...args: any[]) => T;

/**
 * Asserts that a value is an instance of a class.
 *
 * @param actual The value.
 * @param expectedType The class.
 * @param msg Message of the failure.
 * @throws {AssertionError} If it is not.
 */
export function assertInstanceOf<T extends AnyClass>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  throw new AssertionError(
    withMessage(`Expected an instance of ${expectedType.name}: current value is ${inspect(actual)}`, msg),
  );
}
