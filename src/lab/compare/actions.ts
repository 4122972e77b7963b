/**
 * Billable actions of Temporal Cloud, counted from histories.
 *
 * The rules are those that Temporal publishes under "Temporal Cloud Actions"; each one stands beside what applies it.
 *
 * @module
 */
import proto, { type temporal } from "@temporalio/proto";
import { HEARTBEAT_EVERY_MS } from "../../../activities/submit_write.ts";
import { msOf } from "../../client/server_time.ts";
import type { ActionRule } from "./report_data.ts";

/** An event of a history, as the server sends it. */
export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

const { EventType, WorkflowTaskFailedCause } = proto.temporal.api.enums.v1;
type EventType = temporal.api.enums.v1.EventType;

/** What a rule is applied to. */
interface At {
  readonly event: HistoryEvent;
  /** The event before it. */
  readonly previous: HistoryEvent | undefined;
  /** All events, by their ids. */
  readonly byId: ReadonlyMap<string, HistoryEvent>;
}

const one = () => 1;

/** The SDK lets a heartbeat through to the server once in this part of the heartbeat timeout. */
const HEARTBEAT_THROTTLE = 0.8;

/** Events of one transaction of the server are 0.03 ms apart, those of two requests 0.5 ms and more. */
const SAME_TRANSACTION_MS = 0.2;

/** Most retries of local activities in one workflow task that are billed. */
const LOCAL_RETRIES_MAX = 100;

const BEATS = `1 for each that reaches the server. They leave no event: calculated from the activity's duration, its ` +
  `beats every ${HEARTBEAT_EVERY_MS / 1_000} s, and the SDK's limit of one in 80 % of the heartbeat timeout`;

/** What is billed, how it is counted, the event at which it is looked for, and how many actions it is there. */
const RULES: readonly (readonly [what: string, actions: string, type: EventType, count: (at: At) => number])[] = [
  [
    "Workflow started",
    "1, also for the run that continue-as-new starts",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    one,
  ],
  [
    "Child workflow started",
    "1 in the parent's history, and 1 for the start itself",
    EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
    one,
  ],
  ["Workflow reset", "1", EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED, resets],
  ["Activity scheduled", "1", EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, one],
  [
    "Activity retried",
    "1 for each attempt after the first",
    EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED,
    ({ event }) => Math.max(0, (event.activityTaskStartedEventAttributes?.attempt ?? 1) - 1),
  ],
  ["Activity heartbeat", BEATS, EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED, heartbeats],
  ["Activity heartbeat", BEATS, EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED, heartbeats],
  [
    "Local activities and other markers",
    "1 for all of one workflow task",
    EventType.EVENT_TYPE_MARKER_RECORDED,
    ({ event, previous }) => taskOf(event) === taskOf(previous) ? 0 : 1,
  ],
  [
    "Local activity retried after a workflow task's heartbeat",
    `1 for each attempt after the first, at most ${LOCAL_RETRIES_MAX} in one workflow task`,
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    ({ event: { workflowTaskCompletedEventAttributes: completed } }) =>
      Math.min(LOCAL_RETRIES_MAX, completed?.meteringMetadata?.nonfirstLocalActivityExecutionAttempts ?? 0),
  ],
  [
    "Workflow task heartbeat",
    "1 for each workflow task that only makes way for the next one while a local activity goes on",
    EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
    taskHeartbeats,
  ],
  ["Timer started", "1, also where a condition with a timeout starts it", EventType.EVENT_TYPE_TIMER_STARTED, one],
  [
    "Signal sent",
    "1, by a client or by a workflow; counted once, in the history of the workflow that gets it",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    one,
  ],
  [
    "Update accepted",
    "1. A rejected one is 1 too, but leaves no event: not counted",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
    one,
  ],
];

/** The rules as they are applied, for readers. */
export const ACTION_RULES: readonly ActionRule[] = [
  ...new Map(RULES.map(([what, actions]) => [what, { what, actions }])).values(),
  { what: "Query", actions: "1. The comparison sends none" },
  { what: "All else that is in these histories", actions: "0" },
];

/**
 * Counts the actions of a part of a history.
 *
 * @param events The whole history of one run, or its beginning.
 * @param from How many events at its start are not counted.
 */
export function countActions(events: readonly HistoryEvent[], from = 0): number {
  const byId = new Map(events.map((event) => [String(event.eventId), event]));
  let actions = 0;
  for (let i = from; i < events.length; i++) {
    const at: At = { event: events[i], previous: events[i - 1], byId };
    for (const [, , type, count] of RULES) if (type === events[i].eventType) actions += count(at);
  }
  return actions;
}

function resets({ event: { workflowTaskFailedEventAttributes: failed } }: At): number {
  return failed?.cause === WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW ? 1 : 0;
}

/** A workflow task that beats ends with nothing, or with an Update that it has let in. */
function taskHeartbeats({ event, previous }: At): number {
  const ends = previous?.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED ||
    previous?.eventType === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED;
  return ends && msOf(event.eventTime) - msOf(previous.eventTime) < SAME_TRANSACTION_MS ? 1 : 0;
}

function taskOf(event: HistoryEvent | undefined): string | undefined {
  const task = event?.markerRecordedEventAttributes?.workflowTaskCompletedEventId;
  return task === undefined ? undefined : String(task);
}

/** Only our durable submit has a heartbeat timeout. */
function heartbeats({ event, byId }: At): number {
  const ended = event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes;
  const scheduled = byId.get(String(ended?.scheduledEventId))?.activityTaskScheduledEventAttributes;
  const started = byId.get(String(ended?.startedEventId));
  const timeout = scheduled?.heartbeatTimeout;
  const throttleMs = HEARTBEAT_THROTTLE * msOf(timeout);
  if (throttleMs === 0 || started === undefined) return 0;
  const durationMs = msOf(event.eventTime) - msOf(started.eventTime);
  return durationMs < HEARTBEAT_EVERY_MS ? 0 : 1 + Math.floor((durationMs - HEARTBEAT_EVERY_MS) / throttleMs);
}
