/**
 * Which run of a workflow is the latest: what decides whether bodies are still needed.
 *
 * @module
 */
import type { Client } from "@temporalio/client";

/** The latest run of a workflow. */
export interface LatestRun {
  readonly runId: string;
  readonly workflowType: string;
  readonly isOpen: boolean;
  /**
   * When its history begins, in milliseconds. A run that came of a reset has taken over the history of another one, and
   * begins with that.
   */
  readonly sinceMs: number;
  /** Whether it came of a reset. */
  readonly wasReset: boolean;
  readonly closedAtMs: number | undefined;
}

/** gRPC's status code for what does not exist. */
const NOT_FOUND = 5;

/** Asks the server for the latest run; nothing if it knows no run, or no such namespace. */
export async function latestRun(
  { workflowService }: Pick<Client, "workflowService">,
  { namespace, workflowId }: { readonly namespace: string; readonly workflowId: string },
): Promise<LatestRun | undefined> {
  try {
    const { workflowExecutionInfo: info, workflowExtendedInfo: more } = await workflowService.describeWorkflowExecution(
      {
        namespace,
        execution: { workflowId },
      },
    );
    return {
      runId: info?.execution?.runId ?? "",
      workflowType: info?.type?.name ?? "",
      isOpen: info?.closeTime == null,
      sinceMs: millisOf(more?.originalStartTime ?? info?.startTime) ?? 0,
      wasReset: more?.lastResetTime != null,
      closedAtMs: millisOf(info?.closeTime),
    };
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_FOUND) return undefined;
    throw error;
  }
}

function millisOf(time: { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined) {
  return time == null ? undefined : Number(time.seconds ?? 0) * 1_000 + Math.floor((time.nanos ?? 0) / 1e6);
}
