import { assertEquals } from "@std/assert";
import { permittedTest } from "../support/permitted.ts";

/** What each recorded history costs, added up by hand from its events. */
const COSTS: Readonly<Record<string, number>> = {
  // Start, two Updates, two local activities.
  "fast-flush": 5,
  // Start, two Updates, two local activities; the first has failed, and the activity after it was retried once.
  "durable-flush": 7,
  // Start, three Updates, two local activities, two activities, one of them retried once.
  "failed-flush": 9,
  // Start, two Updates, two local activities, one activity, retried once.
  "attach": 7,
  // Start, four Updates, four local activities; the new run is counted in its own history.
  "rolls-over": 9,
  "rolled-over": 3,
  // Start, two activities of work, one local activity.
  "transaction-success": 4,
  // Start, one local activity, one activity, which was too short to beat.
  "transaction-durable-submit": 3,
  "transaction-failure": 2,
};

for (const [name, actions] of Object.entries(COSTS)) {
  permittedTest(`countActions() of the recorded history ${name} is ${actions}`, async () => {
    const file = new URL(`../replay/histories/${name}.json`, import.meta.url);
    const { historyFromJSON } = await import("@temporalio/common/lib/proto-utils.js");
    const { countActions } = await import("../../src/lab/compare/actions.ts");
    const { events } = historyFromJSON(JSON.parse(await Deno.readTextFile(file)));
    assertEquals(countActions(events!), actions);
  });
}

/** An event, how many milliseconds it came after the one before, and what it says. */
type Event = readonly [type: string, afterMs?: number, attributes?: object];

/** Counts the actions of a history that is made up. */
async function count(events: readonly Event[], from?: number): Promise<number> {
  const { default: proto } = await import("@temporalio/proto");
  const { countActions } = await import("../../src/lab/compare/actions.ts");
  const { EventType } = proto.temporal.api.enums.v1;
  let atMs = 1_000;
  const history = events.map(([type, afterMs = 10, attributes = {}], i) => {
    atMs += afterMs;
    return proto.temporal.api.history.v1.HistoryEvent.fromObject({
      eventId: i + 1,
      eventType: EventType[`EVENT_TYPE_${type}` as keyof typeof EventType],
      eventTime: { seconds: Math.floor(atMs / 1_000), nanos: atMs % 1_000 * 1e6 },
      ...attributes,
    });
  });
  return countActions(history, from);
}

const SCHEDULED = ["WORKFLOW_TASK_SCHEDULED"] as const;
const STARTED = ["WORKFLOW_TASK_STARTED"] as const;
const COMPLETED = ["WORKFLOW_TASK_COMPLETED"] as const;
const marker = (task: number) =>
  ["MARKER_RECORDED", 0, { markerRecordedEventAttributes: { workflowTaskCompletedEventId: task } }] as const;

/** A durable submit: an activity with a heartbeat timeout of 30 s, which beats every 20 s. */
const submit = (durationMs: number) =>
  [
    ["ACTIVITY_TASK_SCHEDULED", 0, { activityTaskScheduledEventAttributes: { heartbeatTimeout: { seconds: 30 } } }],
    ["ACTIVITY_TASK_STARTED", 1, { activityTaskStartedEventAttributes: { scheduledEventId: 1, attempt: 1 } }],
    ["ACTIVITY_TASK_COMPLETED", durationMs, {
      activityTaskCompletedEventAttributes: { scheduledEventId: 1, startedEventId: 2 },
    }],
  ] as const;

/** What is counted, the events, and how many actions they are. */
const RULES: readonly (readonly [string, readonly Event[], number])[] = [
  ["a start", [["WORKFLOW_EXECUTION_STARTED"]], 1],
  ["a run that continues as new, in the history of the next one", [["WORKFLOW_EXECUTION_CONTINUED_AS_NEW"]], 0],
  ["a timer and that it fired", [["TIMER_STARTED"], ["TIMER_FIRED"]], 1],
  ["a signal that was received", [["WORKFLOW_EXECUTION_SIGNALED"]], 1],
  ["a signal to another workflow, in that one's history", [
    ["SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED"],
    ["EXTERNAL_WORKFLOW_EXECUTION_SIGNALED"],
  ], 0],
  ["an Update", [["WORKFLOW_EXECUTION_UPDATE_ACCEPTED"], ["WORKFLOW_EXECUTION_UPDATE_COMPLETED"]], 1],
  ["an activity at its third attempt", [
    ["ACTIVITY_TASK_SCHEDULED"],
    ["ACTIVITY_TASK_STARTED", 1, { activityTaskStartedEventAttributes: { attempt: 3 } }],
  ], 3],
  [
    "three markers of two workflow tasks",
    [COMPLETED, marker(1), marker(1), SCHEDULED, STARTED, COMPLETED, marker(6)],
    2,
  ],
  ["retries of local activities", [
    ["WORKFLOW_TASK_COMPLETED", 0, {
      workflowTaskCompletedEventAttributes: { meteringMetadata: { nonfirstLocalActivityExecutionAttempts: 4 } },
    }],
  ], 4],
  ["workflow tasks that beat", [
    SCHEDULED,
    STARTED,
    COMPLETED,
    ["WORKFLOW_TASK_SCHEDULED", 0],
    STARTED,
    COMPLETED,
  ], 1],
  ["a workflow task that lets an Update in and beats", [
    COMPLETED,
    ["WORKFLOW_EXECUTION_UPDATE_ACCEPTED", 0],
    ["WORKFLOW_TASK_SCHEDULED", 0],
    STARTED,
    COMPLETED,
    marker(5),
  ], 3],
  ["an Update's workflow task after one without a command", [
    COMPLETED,
    ["WORKFLOW_TASK_SCHEDULED", 1],
    STARTED,
    COMPLETED,
    ["WORKFLOW_EXECUTION_UPDATE_ACCEPTED"],
  ], 1],
  ["a reset", [
    ["WORKFLOW_TASK_FAILED", 0, {
      workflowTaskFailedEventAttributes: { cause: "WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW" },
    }],
  ], 1],
  ["a workflow task that failed otherwise", [
    ["WORKFLOW_TASK_FAILED", 0, {
      workflowTaskFailedEventAttributes: { cause: "WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR" },
    }],
  ], 0],
  ["a durable submit that ended before its first beat", submit(19_900), 1],
  ["a durable submit that beat once", submit(43_900), 2],
  ["a durable submit that beat at 20 s and at 44 s", submit(44_100), 3],
];

for (const [what, events, actions] of RULES) {
  permittedTest(`countActions() counts ${what} as ${actions}`, async () => {
    assertEquals(await count(events), actions);
  });
}

permittedTest("countActions() leaves out the events before the place", async () => {
  const events: Event[] = [["WORKFLOW_EXECUTION_STARTED"], ["TIMER_STARTED"], ["TIMER_STARTED"]];
  assertEquals(await count(events, 2), 1);
});

permittedTest("ACTION_RULES names each rule once", async () => {
  const { ACTION_RULES } = await import("../../src/lab/compare/actions.ts");
  assertEquals(new Set(ACTION_RULES.map(({ what }) => what)).size, ACTION_RULES.length);
});
