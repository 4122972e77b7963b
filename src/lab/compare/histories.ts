/**
 * What writes leave in histories.
 *
 * @module
 */
import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import proto from "@temporalio/proto";
import { countActions, type HistoryEvent } from "./actions.ts";

/** What a part of a history comes to. */
export interface HistoryCost {
  readonly events: number;
  /** As the protocol encodes them. */
  readonly bytes: number;
  readonly actions: number;
}

/** Nothing. */
export const NO_COST: HistoryCost = { events: 0, bytes: 0, actions: 0 };

/** Adds two costs. */
export function addCosts(a: HistoryCost, b: HistoryCost): HistoryCost {
  return { events: a.events + b.events, bytes: a.bytes + b.bytes, actions: a.actions + b.actions };
}

/** The cost of one run's events, other than so many at its start. */
function costOf(events: readonly HistoryEvent[], from = 0): HistoryCost {
  const counted = events.slice(from);
  const { HistoryEvent } = proto.temporal.api.history.v1;
  const bytes = counted.reduce((sum, event) => sum + HistoryEvent.encode(event).finish().length, 0);
  return { events: counted.length, bytes, actions: countActions(events, from) };
}

/** The cost of a workflow that has ended, in one run. */
export async function costOfWorkflow(client: Client, workflowId: string): Promise<HistoryCost> {
  return costOf(await eventsOf(client, workflowId));
}

/** Where the history of a workflow ends that goes on, perhaps as new. */
export interface HistoryPlace {
  readonly firstRunId: string;
  readonly runId: string;
  /** Events of that run before it. */
  readonly events: number;
}

/** Where the history of a workflow ends now; `undefined` as long as there is no such workflow. */
export async function placeOf(client: Client, workflowId: string): Promise<HistoryPlace | undefined> {
  try {
    const { runId, historyLength, raw } = await client.workflow.getHandle(workflowId).describe();
    return { firstRunId: raw.workflowExecutionInfo!.firstRunId!, runId, events: historyLength };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/**
 * The cost of what has come since then, in all runs.
 *
 * @param since `undefined`: from the first run on.
 */
export async function costSince(
  client: Client,
  workflowId: string,
  since: HistoryPlace | undefined,
): Promise<HistoryCost> {
  let cost = NO_COST;
  let runId = since?.runId ?? (await placeOf(client, workflowId))?.firstRunId;
  for (let from = since?.events ?? 0; runId; from = 0) {
    const events = await eventsOf(client, workflowId, runId);
    cost = addCosts(cost, costOf(events, from));
    runId = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return cost;
}

/** The events of a run of a workflow, by default of its latest one. */
export async function eventsOf(client: Client, workflowId: string, runId?: string): Promise<HistoryEvent[]> {
  return (await client.workflow.getHandle(workflowId, runId).fetchHistory()).events ?? [];
}
