/**
 * Marks what a client stores for a submission, and follows it to the run that takes it.
 *
 * @module
 */
import { type WorkflowClientInterceptor, WorkflowNotFoundError } from "@temporalio/client";
import type { StorageDriverClaim } from "@temporalio/common";
import type { temporal } from "@temporalio/proto";
import { FAILURE } from "../protocol/failures.ts";
import { SUBMIT_WRITES_UPDATE } from "../protocol/names.ts";
import { storingSubmission } from "./body_storage.ts";
import type { SentBodies } from "./sent_bodies.ts";

/** What only a validator says: an Update that fails with it has never been in a history. */
const REFUSALS: ReadonlySet<string> = new Set([
  FAILURE.INVALID_WRITE,
  FAILURE.REQUEST_ID_CONFLICT,
  FAILURE.ALREADY_COMMITTED,
  FAILURE.LANE_FULL,
  FAILURE.OVERLOADED,
  FAILURE.WRITER_BUSY,
  FAILURE.BODY_MISSING,
  FAILURE.BODY_UNREADABLE,
  FAILURE.BODY_STORAGE_UNCONFIGURED,
]);

/**
 * For clients whose Updates go to batchers.
 *
 * @param sent Told what became of what was stored; left out where the store removes nothing.
 */
export function submissionInterceptor(sent: SentBodies | undefined): WorkflowClientInterceptor {
  return {
    startUpdate(input, next) {
      if (input.updateName !== SUBMIT_WRITES_UPDATE) return next(input);
      return follow(input.workflowExecution.workflowId ?? "", sent, async () => {
        const started = await next(input);
        return { started, runId: started.workflowRunId, outcome: started.outcome };
      });
    },
    startUpdateWithStart(input, next) {
      if (input.updateName !== SUBMIT_WRITES_UPDATE) return next(input);
      return follow(input.workflowStartOptions.workflowId, sent, async () => {
        const started = await next(input);
        return { started, runId: started.workflowExecution.runId ?? "", outcome: started.updateOutcome };
      });
    },
  };
}

interface Answered<T> {
  readonly started: T;
  readonly runId: string;
  readonly outcome: temporal.api.update.v1.IOutcome | undefined;
}

async function follow<T>(
  workflowId: string,
  sent: SentBodies | undefined,
  send: () => Promise<Answered<T>>,
): Promise<T> {
  const claims: StorageDriverClaim[] = [];
  try {
    const { started, runId, outcome } = await storingSubmission(claims, send);
    const failure = outcome?.failure?.applicationFailureInfo?.type;
    if (failure != null && REFUSALS.has(failure)) await sent?.refused(claims);
    else sent?.taken(workflowId, runId, claims);
    return started;
  } catch (error) {
    // No run is open, so none can come to need them.
    if (error instanceof WorkflowNotFoundError) await sent?.refused(claims);
    throw error;
  }
}
