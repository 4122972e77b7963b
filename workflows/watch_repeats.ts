/**
 * Whether a local activity may have run before.
 *
 * @module
 */
import { workflowInfo } from "@temporalio/workflow";

/** Events of a history whose first workflow task has begun, and was not lost before. */
const FIRST_TASK_EVENTS = 3;

/**
 * Watches for workflow tasks that may have run before, in a worker that was lost: their local activities run again, and one
 * of them may have had its effect. Call it when the workflow begins.
 *
 * A task is repeated only after the workflow was built again from its history. So the first task after that may be a
 * repetition, and those that follow it are none.
 *
 * @returns Says whether the present task may be a repetition. A replay may hear something else, so it must decide nothing
 * in the workflow: it is for the arguments of local activities, which no replay compares.
 */
export function watchRepeats(): () => boolean {
  const { historyLength, unsafe } = workflowInfo();
  const rebuilt = unsafe.isReplaying || historyLength > FIRST_TASK_EVENTS;
  let firstTaskEvents: number | undefined;
  return () => {
    const { historyLength, unsafe } = workflowInfo();
    firstTaskEvents ??= unsafe.isReplaying ? undefined : historyLength;
    return rebuilt && (firstTaskEvents === undefined || historyLength === firstTaskEvents);
  };
}
