import { AssertionError, withMessage } from "./assertion_error.ts";

/** What {@linkcode assertFalse} narrows to. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/**
 * Asserts that an expression is truthy.
 *
 * @param expr The expression.
 * @param msg Message of the failure.
 * @throws {AssertionError} If it is not.
 */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/**
 * Asserts that an expression is falsy.
 *
 * @param expr The expression.
 * @param msg Message of the failure.
 * @throws {AssertionError} If it is not.
 */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/**
 * Asserts that a value is neither null nor undefined.
 *
 * @param actual The value.
 * @param msg Message of the failure.
 * @throws {AssertionError} If it is null or undefined.
 */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    throw new AssertionError(withMessage(`Expected a value: current value is ${actual}`, msg));
  }
}

/**
 * Fails always.
 *
 * @param msg Message of the failure.
 * @throws {AssertionError} Always.
 */
export function fail(msg?: string): never {
  throw new AssertionError(withMessage("Failed assertion", msg));
}

/**
 * Fails where the program can only get by mistake.
 *
 * @param msg Message of the failure.
 * @throws {AssertionError} Always.
 */
export function unreachable(msg?: string): never {
  throw new AssertionError(withMessage("Unreachable", msg));
}
