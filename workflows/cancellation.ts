/**
 * What waits beside the main loop of a workflow, and is cancelled with it.
 *
 * @module
 */
import { isCancellation } from "@temporalio/workflow";

/** For promises that nobody awaits: a cancelled run ends by itself, and must not fail its workflow task for them. */
export function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error;
}
