/**
 * What goes wrong with a body outside of the history.
 *
 * @module
 */

/**
 * What is known about the body:
 * - `not stored`: it is nowhere, so nothing that refers to it was sent;
 * - `missing`: the store answers, and does not have it, or has something else in its place;
 * - `unreadable`: the store does not answer, so the body may well be there;
 * - `unconfigured`: this process has no store to ask.
 */
export type BodyProblem = "not stored" | "missing" | "unreadable" | "unconfigured";

/** A body could not be stored or read. */
export class BodyError extends Error {
  override readonly name = "BodyError";

  constructor(readonly problem: BodyProblem, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Finds the body's error in an error's causes. */
export function bodyErrorIn(error: unknown): BodyError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof BodyError) return at;
  }
  return undefined;
}
