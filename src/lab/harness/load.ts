/**
 * The load generator: callers that each wait for their answer, and make the next call.
 *
 * @module
 */

/** Callers, and how long they go on. */
export interface Loops {
  readonly callers: number;
  /** Asked before the n-th call of all: whether it is made. */
  readonly goesOn: (n: number) => boolean;
}

/** Runs callers in a closed loop. Every call that was begun is waited for. */
export async function inLoops({ callers, goesOn }: Loops, call: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const caller = async () => {
    while (goesOn(next)) await call(next++);
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

/** Makes so many calls, at most `callers` of them at a time. */
export function inParallel(count: number, callers: number, call: (n: number) => Promise<unknown>): Promise<void> {
  return inLoops({ callers, goesOn: (n) => n < count }, call);
}
