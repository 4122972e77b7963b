/**
 * A confirmation that cannot be delivered: the workers that wrote are cut off before they can say so, and when they are back,
 * those who asked have given up.
 *
 * @module
 */
import type { Fault } from "./fault.ts";
import type { Stage } from "./stage.ts";
import { BATCH_WRITES, Trial } from "./trial.ts";
import { pause } from "./waiting.ts";

/** How long after the callers' wait the network comes back. */
const AFTER_WAIT_MS = 1_000;

/** Severs the network between commit and answer, for longer than the callers wait. */
export const undeliverableConfirmation: Fault = {
  name: "undeliverable-confirmation",

  async run(stage) {
    const waitMs = stage.quick ? 10_000 : 20_000;
    const trial = new Trial(stage, this.name, { writes: BATCH_WRITES, waitMs });
    await stage.databaseWorker.tell("hang after commit");
    await trial.askTogether();
    const askedAt = performance.now();
    const stored = await trial.storedWhileHeld();
    stage.link!.sever();
    const severedAt = performance.now();
    await stage.databaseWorker.tell("answer after commit");
    await pause(askedAt + waitMs + AFTER_WAIT_MS - severedAt, stage.signal);
    stage.link!.mend();
    const severedS = Math.round((performance.now() - severedAt) / 1_000);
    await trial.answered();
    const what = `With ${stored} of ${trial.asked.length} rows committed and none answered, the network between ` +
      `${whoWrites(stage)} and the server was cut for ${severedS} s, until callers had waited ${waitMs / 1_000} s`;
    const row = await trial.row(what);
    if (stage.variant.name !== "signal") return row;
    return { ...row, note: `${row.note} ${await sayWhatBatcherDid(stage)}.` };
  },
};

function whoWrites({ variant }: Stage): string {
  return variant.databaseRole === "batcher" ? "the batcher's worker" : "the callers' worker";
}

/** What became of the confirmations and of the commit's own answer, by the history of the batcher. */
async function sayWhatBatcherDid({ client, batcherIds: [batcherId] }: Stage): Promise<string> {
  const { events } = await client.workflow.getHandle(batcherId).fetchHistory();
  const bounced = events?.filter((event) => event.signalExternalWorkflowExecutionFailedEventAttributes).length ?? 0;
  const again = events?.some(({ activityTaskStartedEventAttributes: started }) => (started?.attempt ?? 1) > 1);
  return `${bounced} confirmation signals found no caller any more` +
    (again ? ", and as the batch activity's answer was lost it ran, and wrote, again" : "");
}
