import { AssertionError as NodeAssertionError } from "node:assert";

/** Error thrown when an assertion fails. */
export class AssertionError extends Error {
  /**
   * @param message What failed.
   * @param options The cause, if there is one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/**
 * Runs a `node:assert` check and turns its failure into an {@linkcode AssertionError} that starts with `msg`.
 *
 * @throws {AssertionError} If the check fails.
 */
export function check(run: () => void, msg?: string): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof NodeAssertionError)) throw error;
    throw new AssertionError(withMessage(error.message, msg));
  }
}

/** Puts the caller's message, if there is one, before what an assertion says itself. */
export function withMessage(text: string, msg?: string): string {
  return msg ? `${msg}: ${text}` : text;
}
