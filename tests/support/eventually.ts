/** Bound of waiting for something that is about to happen. */
const WAIT_MS = 30_000;
const POLL_MS = 20;

/**
 * Asks until the answer is neither `undefined` nor `false`, and returns it.
 *
 * @param what Names the condition, for the failure.
 * @throws {Error} If it is not so after 30 s; an error of the last question is its cause.
 */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  const deadlineMs = Date.now() + WAIT_MS;
  let cause: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  } while (Date.now() < deadlineMs);
  throw new Error(`not within ${WAIT_MS} ms: ${what}`, { cause });
}
