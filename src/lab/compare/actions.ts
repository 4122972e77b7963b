/**
 * Billable actions of Temporal Cloud, counted from histories.
 *
 * The rules are those that Temporal publishes under "Temporal Cloud Actions"; each one stands beside what applies it.
 *
 * @module
 */
import proto, { type temporal } from "@temporalio/proto";
import { HEARTBEAT_EVERY_MS } from "../../../activities/submit_write.ts";
import { msOf } from "./event_time.ts";
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

interface Rule extends ActionRule {
  /** The event at which it is looked for. */
  readonly type: EventType;
  readonly count: (at: At) => number;
}

const one = () => 1;

/** The SDK lets a heartbeat through to the server once in this part of the heartbeat timeout. */
const HEARTBEAT_THROTTLE = 0.8;

/** Events of one transaction of the server are 0.03 ms apart, those of two requests 0.5 ms and more. */
const SAME_TRANSACTION_MS = 0.2;

/** What a workflow task that beats ends with: nothing, or an Update that it has let in. */
const ENDS_OF_BEATING_TASKS: ReadonlySet<unknown> = new Set([
  EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
]);

/** Most retries of local activities in one workflow task that are billed. */
const LOCAL_RETRIES_MAX = 100;

const RULES: readonly Rule[] = [
  {
    what: "Workflow started",
    actions: "1, also for the run that continue-as-new starts",
    type: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    count: one,
  },
  {
    what: "Child workflow started",
    actions: "1 in the parent's history, and 1 for the start itself",
    type: EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
    count: one,
  },
  {
    what: "Workflow reset",
    actions: "1",
    type: EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    count: ({ event }) =>
      event.workflowTaskFailedEventAttributes?.cause ===
          WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
        ? 1
        : 0,
  },
  {
    what: "Activity scheduled",
    actions: "1",
    type: EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    count: one,
  },
  {
    what: "Activity retried",
    actions: "1 for each attempt after the first",
    type: EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED,
    count: ({ event }) => Math.max(0, (event.activityTaskStartedEventAttributes?.attempt ?? 1) - 1),
  },
  ...[EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED, EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED].map((type) => ({
    what: "Activity heartbeat",
    actions:
      `1 for each that reaches the server. They leave no event: calculated from the activity's duration, its beats ` +
      `every ${HEARTBEAT_EVERY_MS / 1_000} s, and the SDK's limit of one in 80 % of the heartbeat timeout`,
    type,
    count: heartbeats,
  })),
  {
    what: "Local activities and other markers",
    actions: "1 for all of one workflow task",
    type: EventType.EVENT_TYPE_MARKER_RECORDED,
    count: ({ event, previous }) => taskOf(event) === taskOf(previous) ? 0 : 1,
  },
  {
    what: "Local activity retried after a workflow task's heartbeat",
    actions: `1 for each attempt after the first, at most ${LOCAL_RETRIES_MAX} in one workflow task`,
    type: EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    count: ({ event }) =>
      Math.min(
        LOCAL_RETRIES_MAX,
        event.workflowTaskCompletedEventAttributes?.meteringMetadata?.nonfirstLocalActivityExecutionAttempts ?? 0,
      ),
  },
  {
    what: "Workflow task heartbeat",
    actions: "1 for each workflow task that only makes way for the next one while a local activity goes on",
    type: EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
    count: ({ event, previous }) =>
      ENDS_OF_BEATING_TASKS.has(previous?.eventType) &&
        msOf(event.eventTime) - msOf(previous!.eventTime) < SAME_TRANSACTION_MS
        ? 1
        : 0,
  },
  {
    what: "Timer started",
    actions: "1, also where a condition with a timeout starts it",
    type: EventType.EVENT_TYPE_TIMER_STARTED,
    count: one,
  },
  {
    what: "Signal sent",
    actions: "1, by a client or by a workflow; counted once, in the history of the workflow that gets it",
    type: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    count: one,
  },
  {
    what: "Update accepted",
    actions: "1. A rejected one is 1 too, but leaves no event: not counted",
    type: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
    count: one,
  },
];

/** The rules as they are applied, for readers. */
export const ACTION_RULES: readonly ActionRule[] = [
  ...new Map(RULES.map(({ what, actions }) => [what, { what, actions }])).values(),
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
    for (const rule of RULES) if (rule.type === events[i].eventType) actions += rule.count(at);
  }
  return actions;
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
  const throttleMs = HEARTBEAT_THROTTLE * (Number(timeout?.seconds ?? 0) * 1_000 + (timeout?.nanos ?? 0) / 1e6);
  if (throttleMs === 0 || started === undefined) return 0;
  const durationMs = msOf(event.eventTime) - msOf(started.eventTime);
  return durationMs < HEARTBEAT_EVERY_MS ? 0 : 1 + Math.floor((durationMs - HEARTBEAT_EVERY_MS) / throttleMs);
}
