/**
 * The faults that happen to one variant at a time. Each makes something go wrong, waits until all has come to rest, and
 * counts.
 *
 * @module
 */
import { pause } from "../../harness/waiting.ts";
import { eventsOf } from "../histories.ts";
import type { FaultName, FaultRow } from "../report_data.ts";
import { CONFIRMATION_TIMEOUT_MS } from "../variant.ts";
import type { Asked, Stage } from "./stage.ts";
import { BATCH_WRITES, Trial, usualWrites } from "./trial.ts";

/** Something that goes wrong on a stage, the same for every variant. */
export type Fault = (stage: Stage) => Promise<FaultRow>;

/** Which write of a batch is bad. */
const BAD = 25;

/** How long after the callers' wait the network comes back. */
const AFTER_WAIT_MS = 1_000;

/** Callers have two minutes, the database is away for ten seconds. */
export const sinkDown10s: Fault = (stage) => outage(stage, "sink-down-10s", CONFIRMATION_TIMEOUT_MS, 10_000);

/** Callers have given up when the database is back. */
export const sinkDownLongerThanCallersWait: Fault = (stage) =>
  outage(stage, "sink-down-longer-than-callers-wait", stage.quick ? 5_000 : 20_000, stage.quick ? 12_000 : 45_000);

async function outage(stage: Stage, fault: FaultName, waitMs: number, downMs: number): Promise<FaultRow> {
  const trial = new Trial(stage, fault, { writes: usualWrites(stage.quick), waitMs });
  await stage.databaseWorker.tell("sink down");
  await trial.ask();
  await pause(downMs, stage.signal);
  await stage.databaseWorker.tell("sink up");
  await trial.answered();
  return await trial.row(
    `The database refused every call for ${downMs / 1_000} s, while callers wait ${waitMs / 1_000} s`,
  );
}

/** The same request once more, after its caller was told that it is done: a retry whose first try was thought lost. */
export const duplicateAfterSuccess: Fault = async (stage) => {
  const trial = new Trial(stage, "duplicate-after-success", { writes: usualWrites(stage.quick) });
  await trial.ask();
  await trial.answered();
  return await trial.row(`After success ${await trial.askAgain()}, with its request id`);
};

/** Each caller's workflow is reset to before its write, as an operator does to have the rest of it run again. */
export const callerResetAfterWrite: Fault = async (stage) => {
  const trial = new Trial(stage, "caller-reset-after-write", { writes: usualWrites(stage.quick), named: false });
  await trial.ask();
  await trial.answered();
  await trial.answered(await Promise.all(trial.asked.map((one) => reset(stage, one))));
  return await trial.row("After success each caller's workflow was reset to its beginning, and ran again");
};

async function reset({ client }: Stage, { call, caller: { workflowId, runId } }: Asked): Promise<Asked> {
  const events = await eventsOf(client, workflowId, runId);
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    reason: "a comparison of what a reset does",
    requestId: crypto.randomUUID(),
    workflowTaskFinishEventId: events.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId,
  });
  return { call, caller: { workflowId } };
}

/** A row that the database refuses, among rows that it takes. */
export const badRowInBatch: Fault = async (stage) => {
  const waitMs = stage.quick ? 10_000 : 60_000;
  const trial = new Trial(stage, "bad-row-in-batch", {
    writes: BATCH_WRITES,
    waitMs,
    amountOf: (n) => n === BAD ? -1 : n,
    // A batch that is refused for its bad row is refused as often as it is tried.
    restWithinMs: 10_000,
  });
  await trial.askTogether();
  await trial.answered();
  const stored = trial.stored();
  return await trial.row(
    `One of ${BATCH_WRITES} rows had an amount that the database refuses, while callers wait ${waitMs / 1_000} s`,
    [`${stored} of the ${BATCH_WRITES - 1} good rows were stored`],
  );
};

/** The process of the workers that write is killed between commit and answer, and a new one is started. */
export const workerKilledAfterCommit: Fault = async (stage) => {
  const trial = new Trial(stage, "worker-killed-after-commit", { writes: BATCH_WRITES });
  await stage.databaseWorker.tell("hang after commit");
  await trial.askTogether();
  const stored = await trial.storedWhileHeld();
  await stage.databaseWorker.kill();
  await stage.startDatabaseWorker();
  await trial.answered();
  return await trial.row(
    `With ${stored} of ${trial.asked.length} rows committed and none answered, the process of ${
      whoWrites(stage)
    } was ` +
      "killed, and a new one started",
  );
};

/** The workers that wrote are cut off before they can say so. When they are back, those who asked have given up. */
export const undeliverableConfirmation: Fault = async (stage) => {
  const waitMs = stage.quick ? 10_000 : 20_000;
  const trial = new Trial(stage, "undeliverable-confirmation", { writes: BATCH_WRITES, waitMs });
  await stage.databaseWorker.tell("hang after commit");
  await trial.askTogether();
  const askedAt = performance.now();
  const stored = await trial.storedWhileHeld();
  stage.link!.sever();
  const severedAt = performance.now();
  await stage.databaseWorker.tell("answer after commit");
  await pause(askedAt + waitMs + AFTER_WAIT_MS - severedAt, stage.signal);
  stage.link!.restore();
  const severedS = Math.round((performance.now() - severedAt) / 1_000);
  await trial.answered();
  const row = await trial.row(
    `With ${stored} of ${trial.asked.length} rows committed and none answered, the network between ` +
      `${whoWrites(stage)} and the server was cut for ${severedS} s, until callers had waited ${waitMs / 1_000} s`,
  );
  return { ...row, note: [row.note, ...await batcherNotes(stage)].join(" ") };
};

function whoWrites({ variant }: Stage): string {
  return variant.databaseRole === "batcher" ? "the batcher's worker" : "the callers' worker";
}

/** What became of confirmations that are signals, and of the commit's own answer, by the batchers' histories. */
async function batcherNotes({ client, batcherIds }: Stage): Promise<string[]> {
  const events = (await Promise.all(batcherIds.map((id) => eventsOf(client, id)))).flat();
  const bounced = events.filter((event) => event.signalExternalWorkflowExecutionFailedEventAttributes).length;
  const again = events.some(({ activityTaskStartedEventAttributes: started }) => (started?.attempt ?? 1) > 1);
  return [
    ...bounced > 0 ? [`${bounced} confirmation signals found no caller any more.`] : [],
    ...again ? ["As the answer of the batcher's activity was lost, it ran again."] : [],
  ];
}
