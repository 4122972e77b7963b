import process from "node:process";

/** Bound of waiting for a process to go. */
const WAIT_MS = 10_000;

/** Tells whether there is a process with this id. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * Waits until a process that is not our child is gone.
 *
 * @throws {Error} If it is still there after 10 s.
 */
export async function untilGone(pid: number): Promise<void> {
  const deadlineMs = Date.now() + WAIT_MS;
  while (isAlive(pid)) {
    if (Date.now() > deadlineMs) throw new Error(`process ${pid} is still there after ${WAIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
