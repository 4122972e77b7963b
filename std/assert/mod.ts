/**
 * Stand-in for the part of `@std/assert` that this project uses, on `node:assert`, for networks that cannot reach JSR.
 * Delete the `links` line of the root `deno.json` to use the upstream package instead: nothing else changes.
 *
 * Equality is that of `deepStrictEqual`. It is stricter than upstream for `0` and `-0` and for objects without a
 * prototype; unlike upstream it compares errors by name and message, not by stack. Each function throws an
 * {@linkcode AssertionError} where what it asserts does not hold.
 *
 * @module
 */
import nodeAssert, { AssertionError } from "node:assert";
import { inspect, isDeepStrictEqual } from "node:util";

export { AssertionError };

/** Any class, abstract ones too. */
// deno-lint-ignore no-explicit-any
export type AnyClass<T = any> = abstract new (...args: any[]) => T;

/** Puts the caller's message, if there is one, before what `node:assert` says itself. */
function check(run: () => void, msg?: string): void {
  try {
    run();
  } catch (error) {
    if (msg && error instanceof AssertionError) error.message = `${msg}: ${error.message}`;
    throw error;
  }
}

function ensure(holds: boolean, text: () => string, msg?: string): void {
  if (!holds) throw new AssertionError({ message: msg ? `${msg}: ${text()}` : text() });
}

/** Asserts that an expression is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError({ message: msg });
}

/** Asserts that an expression is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is false | 0 | 0n | "" | null | undefined {
  if (expr) throw new AssertionError({ message: msg });
}

/** Fails always. */
export function fail(msg?: string): never {
  throw new AssertionError({ message: msg ? `Failed assertion: ${msg}` : "Failed assertion" });
}

/** Asserts that two values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => nodeAssert.deepStrictEqual(actual, expected), msg);
}

/** Asserts that two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => nodeAssert.notDeepStrictEqual(actual, expected), msg);
}

/** Asserts that two values are the same by `Object.is`. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  check(() => nodeAssert.strictEqual(actual, expected), msg);
}

/** Asserts that an object has all that another has, deeply. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  check(() => nodeAssert.partialDeepStrictEqual(actual, expected), msg);
}

/** Asserts that a value is an instance of a class. */
export function assertInstanceOf<T extends AnyClass>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  ensure(
    actual instanceof expectedType,
    () => `Expected an instance of ${expectedType.name}: current value is ${inspect(actual)}`,
    msg,
  );
}

/** Asserts that a string matches a regular expression. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  check(() => nodeAssert.match(actual, expected), msg);
}

/** Asserts that a string contains another. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  ensure(actual.includes(expected), () => `Expected ${inspect(actual)} to contain ${inspect(expected)}`, msg);
}

/** Asserts that an array contains each item of another, by deep equality and in any order. */
export function assertArrayIncludes<T>(actual: readonly T[], expected: readonly T[], msg?: string): void {
  const missing = expected.filter((wanted) => !actual.some((item) => isDeepStrictEqual(item, wanted)));
  ensure(missing.length === 0, () => `Expected ${inspect(actual)} to include: missing ${inspect(missing)}`, msg);
}

/** Asserts that `actual` is greater than `expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  ensure(actual > expected, () => `Expected ${inspect(actual)} > ${inspect(expected)}`, msg);
}

/** Asserts that `actual` is greater than or equal to `expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  ensure(actual >= expected, () => `Expected ${inspect(actual)} >= ${inspect(expected)}`, msg);
}

/** Asserts that `actual` is less than `expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  ensure(actual < expected, () => `Expected ${inspect(actual)} < ${inspect(expected)}`, msg);
}

/** Asserts that `actual` is less than or equal to `expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  ensure(actual <= expected, () => `Expected ${inspect(actual)} <= ${inspect(expected)}`, msg);
}

/** Arguments after the function in `assertThrows` and `assertRejects`: `(msg?)` or `(ErrorClass, msgIncludes?, msg?)`. */
type Expected = [msg?: string] | [errorClass?: AnyClass<Error>, msgIncludes?: string, msg?: string];

/** Asserts that what was thrown is what was expected. */
function checkThrown(error: unknown, [errorClass, msgIncludes, msg]: Expected): void {
  if (typeof errorClass !== "function") return;
  ensure(error instanceof Error, () => "A non-Error value was thrown", msg);
  assertInstanceOf(error, errorClass, msg);
  if (msgIncludes !== undefined) assertStringIncludes((error as Error).message, msgIncludes, msg);
}

/** The caller's message among {@linkcode Expected}. */
function messageOf([first, , msg]: Expected): string | undefined {
  return typeof first === "string" ? first : msg;
}

/**
 * Asserts that a function throws.
 *
 * @returns What it threw.
 */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Asserts that a function throws an error of a class.
 *
 * @returns The error.
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(fn: () => unknown, ...expected: Expected): unknown {
  try {
    fn();
  } catch (error) {
    checkThrown(error, expected);
    return error;
  }
  return ensure(false, () => "Expected function to throw", messageOf(expected));
}

/**
 * Asserts that a function returns a promise that rejects.
 *
 * @returns What it rejected with.
 */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/**
 * Asserts that a function returns a promise that rejects with an error of a class.
 *
 * @returns The error.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(fn: () => PromiseLike<unknown>, ...expected: Expected): Promise<unknown> {
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (cause) {
    throw new AssertionError({ message: `Function throws when expected to reject: ${inspect(cause)}` });
  }
  ensure(
    typeof promise?.then === "function",
    () => "Function returns no promise when expected to reject",
    messageOf(expected),
  );
  try {
    await promise;
  } catch (error) {
    checkThrown(error, expected);
    return error;
  }
  return ensure(false, () => "Expected function to reject", messageOf(expected));
}
