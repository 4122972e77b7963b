/**
 * A caller's workflow that is reset to before its write, as an operator does to have the rest of it run again.
 *
 * @module
 */
import type { Fault } from "./fault.ts";
import type { Asked, Stage } from "./stage.ts";
import { Trial, usualWrites } from "./trial.ts";

/** Resets every caller after it was told that its write is done. */
export const callerResetAfterWrite: Fault = {
  name: "caller-reset-after-write",

  async run(stage) {
    const trial = new Trial(stage, this.name, { writes: usualWrites(stage.quick), named: false });
    await trial.ask();
    await trial.answered();
    await trial.answered(await Promise.all(trial.asked.map((one) => reset(stage, one))));
    return await trial.row("After success each caller's workflow was reset to its beginning, and ran again");
  },
};

async function reset({ client }: Stage, { call, caller: { workflowId, runId } }: Asked): Promise<Asked> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const firstTask = events?.find((event) => event.workflowTaskCompletedEventAttributes);
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    reason: "a comparison of what a reset does",
    requestId: crypto.randomUUID(),
    workflowTaskFinishEventId: firstTask?.eventId,
  });
  return { call, caller: { workflowId } };
}
