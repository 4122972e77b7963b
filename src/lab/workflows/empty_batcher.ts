/**
 * The floor that a batcher is measured against: the same Update, answered without looking at it.
 *
 * @module
 */
import { allHandlersFinished, condition, continueAsNew, setHandler, workflowInfo } from "@temporalio/workflow";
import type { SubmitWritesAnswer } from "../../protocol/messages.ts";
import { submitWritesUpdate } from "../../../workflows/batcher.ts";

/** Answers every Update at once and stores nothing. Only for measurements. */
export async function emptyBatcher(): Promise<void> {
  setHandler(submitWritesUpdate, ({ ids }): SubmitWritesAnswer => ({
    runs: [{ count: ids.length, status: "committed", batchId: "none", committedAt: "1970-01-01T00:00:00.000Z" }],
  }));
  await condition(() => workflowInfo().continueAsNewSuggested && allHandlersFinished());
  await continueAsNew<typeof emptyBatcher>();
}
