/**
 * Callers whose request ids are the default ones.
 *
 * @module
 */
import {
  ApplicationFailure,
  condition,
  continueAsNew,
  defineSignal,
  setHandler,
  workflowInfo,
} from "@temporalio/workflow";
import type { Receipt } from "../../../src/protocol/write.ts";
import { submitWrite } from "../../../workflows/submit_write.ts";

/** Lets a caller go on. */
export const goOnSignal = defineSignal("goOn");

/** Writes twice, the second time when it is told to go on. */
export async function writesTwice(): Promise<Receipt[]> {
  let goOn = false;
  setHandler(goOnSignal, () => void (goOn = true));
  const first = await submitWrite({ data: "first" });
  await condition(() => goOn);
  return [first, await submitWrite({ data: "second" })];
}

/** Writes, and fails in its first attempt after that. */
export async function failsOnce(): Promise<Receipt> {
  const receipt = await submitWrite({ data: "once" });
  if (workflowInfo().attempt === 1) throw ApplicationFailure.retryable("the first attempt fails after its write");
  return receipt;
}

/** Writes, continues as new, and writes again. */
export async function continuesOnce(before?: Receipt): Promise<Receipt[]> {
  const receipt = await submitWrite({ data: "each run" });
  if (before === undefined) return await continueAsNew<typeof continuesOnce>(receipt);
  return [before, receipt];
}

/** Continues as new after a write, and fails in the first attempt of the second run. */
export async function continuesAndFails(continued = false): Promise<void> {
  await submitWrite({ data: "each run" });
  if (!continued) await continueAsNew<typeof continuesAndFails>(true);
  if (workflowInfo().attempt === 1) throw ApplicationFailure.retryable("the first attempt fails after its write");
}
