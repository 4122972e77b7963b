import { assert, assertRejects } from "@std/assert";

/** What a failure tells a caller. */
export interface Failure {
  readonly type: string | undefined;
  readonly message: string;
  readonly nonRetryable: boolean;
  readonly details: readonly unknown[];
}

/** Asserts that an Update or a workflow failed, and returns the failure that it was given. */
export async function failureOf(act: () => Promise<unknown>): Promise<Failure> {
  const error = await assertRejects(act, Error);
  assert(error.cause instanceof Error && "nonRetryable" in error.cause, `${error}, because of ${error.cause}`);
  const { type, message, nonRetryable, details } = error.cause as Error & Failure;
  return { type, message, nonRetryable, details: details ?? [] };
}
