/**
 * Workers that outlive others of their process.
 *
 * @module
 */
import type { Worker } from "@temporalio/worker";

/** What a worker registers with when it begins to run: hidden from its types. */
interface Registering {
  runtime: { registerShutdownSignalCallback(callback: () => void): void };
}

/**
 * Keeps a worker, which must not run yet, from shutting down when the process gets a signal.
 *
 * The SDK shuts all workers of a process down at the same moment. Callers that wait for a receipt then need batchers for a
 * little longer. Whoever runs this worker shuts it down.
 */
export function ignoreShutdownSignals(worker: Worker): void {
  const registering = worker as unknown as Registering;
  registering.runtime = Object.create(registering.runtime, {
    registerShutdownSignalCallback: { value: () => {} },
  });
}
