import process from "node:process";
import { eventually } from "./eventually.ts";

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
 * @throws {Error} If it is still there after 30 s.
 */
export async function untilGone(pid: number): Promise<void> {
  await eventually(`process ${pid} is gone`, () => !isAlive(pid));
}
