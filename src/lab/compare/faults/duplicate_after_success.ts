/**
 * The same request once more, after its caller was told that it is done: a retry whose first try was thought lost.
 *
 * @module
 */
import { SIGNAL_VARIANT } from "../../protocol/names.ts";
import type { WriteRequest } from "../../protocol/signal_messages.ts";
import type { Fault } from "./fault.ts";
import type { Asked, Stage } from "./stage.ts";
import { Trial, usualWrites } from "./trial.ts";

/** Asks for every write twice. */
export const duplicateAfterSuccess: Fault = {
  name: "duplicate-after-success",

  async run(stage) {
    const trial = new Trial(stage, this.name, { writes: usualWrites(stage.quick) });
    await trial.ask();
    await trial.answered();
    if (stage.variant.name === "signal") {
      await Promise.all(trial.asked.map((one) => signalAgain(stage, one)));
      return await trial.row("After success each request was signalled to the batcher again, with its request id");
    }
    await trial.askAgain();
    return await trial.row("After success another caller sent each request again, with its request id");
  },
};

/** As the caller's own next attempt would. */
async function signalAgain({ client, batcherIds: [batcherId] }: Stage, { call }: Asked): Promise<void> {
  const request: WriteRequest = {
    workflow_id: call.workflowId,
    data: call.data,
    requesting_workflow: call.workflowId,
    request_id: call.requestId,
    submitted_at: new Date().toISOString(),
    attempt: 2,
  };
  await client.workflow.getHandle(batcherId).signal(SIGNAL_VARIANT.addWriteRequest, request);
}
