/** Histories of earlier runs, replayed with the code of today. No server takes part. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { WorkflowBundleWithSourceMap } from "@temporalio/worker";
import { permittedTest } from "../support/permitted.ts";

/** A history as JSON, as far as a test looks at it. */
interface RecordedHistory {
  events: {
    eventId: string;
    eventType: string;
    activityTaskScheduledEventAttributes?: { activityType: { name: string } };
  }[];
}

/** What each history must hold to be worth its name. */
const HISTORIES: Record<string, readonly string[]> = {
  "fast-flush": ["WORKFLOW_EXECUTION_UPDATE_COMPLETED", "MARKER_RECORDED"],
  "durable-flush": ["MARKER_RECORDED", "ACTIVITY_TASK_COMPLETED"],
  "failed-flush": ["MARKER_RECORDED", "ACTIVITY_TASK_FAILED"],
  "attach": ["WORKFLOW_EXECUTION_UPDATE_ACCEPTED", "ACTIVITY_TASK_COMPLETED"],
  "ledger-changes": ["MARKER_RECORDED", "ACTIVITY_TASK_COMPLETED"],
  "compares-ledgers": ["MARKER_RECORDED", "ACTIVITY_TASK_COMPLETED"],
  "compares-again": ["MARKER_RECORDED", "ACTIVITY_TASK_COMPLETED"],
  "rolls-over": ["WORKFLOW_EXECUTION_CONTINUED_AS_NEW"],
  "rolled-over": ["WORKFLOW_EXECUTION_UPDATE_COMPLETED"],
  "rolled-over-writers": ["WORKFLOW_EXECUTION_UPDATE_COMPLETED"],
  "lane-ends": ["WORKFLOW_EXECUTION_UPDATE_COMPLETED", "TIMER_FIRED", "WORKFLOW_EXECUTION_COMPLETED"],
  "gathers": ["TIMER_STARTED", "TIMER_FIRED", "MARKER_RECORDED"],
  "transaction-success": ["MARKER_RECORDED", "WORKFLOW_EXECUTION_COMPLETED"],
  "transaction-durable-submit": ["ACTIVITY_TASK_COMPLETED", "WORKFLOW_EXECUTION_COMPLETED"],
  "transaction-failure": ["WORKFLOW_EXECUTION_FAILED"],
  "signal-batcher": ["ACTIVITY_TASK_FAILED", "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED", "TIMER_FIRED"],
  "signal-batcher-rolls-over": ["WORKFLOW_EXECUTION_CONTINUED_AS_NEW", "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED"],
  "signal-transaction-success": ["WORKFLOW_EXECUTION_SIGNALED", "WORKFLOW_EXECUTION_COMPLETED"],
  "signal-transaction-timeout": ["TIMER_FIRED", "WORKFLOW_EXECUTION_FAILED"],
  "signal-transaction-undelivered": ["SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED", "WORKFLOW_EXECUTION_FAILED"],
};

async function read(name: string): Promise<RecordedHistory> {
  return JSON.parse(await Deno.readTextFile(new URL(`histories/${name}.json`, import.meta.url)));
}

let bundling: Promise<WorkflowBundleWithSourceMap> | undefined;

async function replay(history: RecordedHistory): Promise<void> {
  const { Worker } = await import("@temporalio/worker");
  const { bundleLabWorkflows } = await import("../../src/lab/create_lab_worker.ts");
  const { createLog } = await import("../../src/worker/log.ts");
  const { installRuntime } = await import("../../src/worker/runtime.ts");
  // What a tampered history makes the SDK say is meant to be.
  installRuntime(createLog("error", () => {}), "error");
  await Worker.runReplayHistory({ workflowBundle: await (bundling ??= bundleLabWorkflows()) }, history);
}

/** A history whose events are these, numbered again. */
function historyOf(events: RecordedHistory["events"]): RecordedHistory {
  return { events: events.map((event, i) => ({ ...event, eventId: `${i + 1}` })) };
}

/** Asserts that a history does not fit the workflows. */
async function assertNoReplay(history: RecordedHistory): Promise<void> {
  const error = await assertRejects(() => replay(history), Error);
  assertEquals(error.name, "DeterminismViolationError", error.message);
}

permittedTest("runReplayHistory() has a history for each path", async () => {
  const files = [...Deno.readDirSync(new URL("histories/", import.meta.url))].map(({ name }) => name).toSorted();
  assertEquals(files, Object.keys(HISTORIES).map((name) => `${name}.json`).toSorted());
  for (const [name, expected] of Object.entries(HISTORIES)) {
    const types = new Set((await read(name)).events.map(({ eventType }) => eventType));
    for (const type of expected) assert(types.has(`EVENT_TYPE_${type}`), `${name} has no ${type}`);
  }
});

for (const name of Object.keys(HISTORIES)) {
  permittedTest(`runReplayHistory() of ${name} ends without an error`, async () => replay(await read(name)));
}

permittedTest("runReplayHistory() fails when an activity has another name", async () => {
  const history = await read("durable-flush");
  const scheduled = history.events.find((event) => event.activityTaskScheduledEventAttributes);
  scheduled!.activityTaskScheduledEventAttributes!.activityType.name = "flushElsewhere";
  await assertNoReplay(history);
});

permittedTest("runReplayHistory() fails when a local activity's result is missing", async () => {
  const { events } = await read("fast-flush");
  const remaining = events.filter(({ eventType }) => eventType !== "EVENT_TYPE_MARKER_RECORDED");
  assert(remaining.length < events.length);
  await assertNoReplay(historyOf(remaining));
});

permittedTest("runReplayHistory() fails when the workflow has taken another way", async () => {
  const { events } = await read("transaction-success");
  const [continued] = (await read("rolls-over")).events.slice(-1);
  await assertNoReplay(historyOf([...events.slice(0, -1), continued]));
});
