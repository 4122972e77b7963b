/**
 * A confirmation that cannot be delivered: the workers that wrote are cut off before they can say so, and when they are back,
 * those who asked have given up.
 *
 * @module
 */
import type { Fault } from "./fault.ts";
import type { Stage } from "./stage.ts";
import { Trial } from "./trial.ts";
import { pause } from "./waiting.ts";

/** How long all rows may take to be stored after their callers were started. */
const STORED_WITHIN_MS = 10_000;

/** Severs the network between commit and answer, for longer than the callers wait. */
export const undeliverableConfirmation: Fault = {
  name: "undeliverable-confirmation",

  async run(stage) {
    const waitMs = stage.quick ? 8_000 : 20_000;
    const severedMs = waitMs + 4_000;
    const trial = new Trial(stage, this.name, { writes: stage.quick ? 20 : 100, waitMs });
    await stage.databaseWorker.tell("hang after commit");
    await trial.ask();
    await trial.untilStored(trial.asked.length, STORED_WITHIN_MS);
    stage.link!.sever();
    const stored = trial.stored();
    await stage.databaseWorker.tell("answer after commit");
    await pause(severedMs, stage.signal);
    stage.link!.mend();
    await trial.answered();
    const what = `When ${stored} rows were committed and before anybody could be told, the network between ` +
      `${whoWrites(stage)} and the server was cut for ${severedMs / 1_000} s, while callers wait ${waitMs / 1_000} s`;
    const row = await trial.row(what);
    if (stage.variant.name !== "signal") return row;
    const bounced = await bouncedConfirmations(stage);
    return { ...row, note: `${row.note} ${bounced} confirmation signals found no caller any more.` };
  },
};

function whoWrites({ variant }: Stage): string {
  return variant.databaseRole === "batcher" ? "the batcher's worker" : "the callers' worker, whose activities write,";
}

/** Confirmation signals that the server could not deliver, by the history of the batcher. */
async function bouncedConfirmations({ client, batcherIds: [batcherId] }: Stage): Promise<number> {
  const { events } = await client.workflow.getHandle(batcherId).fetchHistory();
  return (events ?? []).filter((event) => event.signalExternalWorkflowExecutionFailedEventAttributes).length;
}
