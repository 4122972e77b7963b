/**
 * Batchers' workers in processes of their own, for tests that kill them.
 *
 * @module
 */
import { Child } from "../../src/lab/harness/child.ts";
import type { Lab } from "./lab.ts";

const SCRIPT = new URL("worker_process.ts", import.meta.url);

/** A fault that the worker has. */
type Fault = "--hang-after-commit" | "--no-permission";

/** Starts a worker on the lab's server and ledger, and returns when it polls. */
export function startChildWorker(lab: Lab, taskQueue: string, ...flags: Fault[]): Promise<Child> {
  return startChildWorkerOn(lab.ledgerFile, lab, taskQueue, ...flags);
}

/** Starts a worker on the lab's server and another ledger. */
export async function startChildWorkerOn(
  ledgerFile: string,
  lab: Lab,
  taskQueue: string,
  ...flags: readonly string[]
): Promise<Child> {
  const worker = Child.run(SCRIPT, [lab.address, taskQueue, ledgerFile, ...flags]);
  try {
    await worker.until("ready");
    return worker;
  } catch (error) {
    await worker.kill();
    throw error;
  }
}
