/**
 * The floor that a caller is measured against: a workflow with one local activity that does nothing.
 *
 * @module
 */
import { proxyLocalActivities } from "@temporalio/workflow";
import type { WorkActivities } from "../../protocol/activities.ts";

const { simulateWork } = proxyLocalActivities<WorkActivities>({ startToCloseTimeout: "10 seconds" });

/** Runs one empty local activity. Only for measurements. */
export async function bareCaller(): Promise<void> {
  await simulateWork(0);
}
