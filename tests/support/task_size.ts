/**
 * Loads that make workflow tasks as large as they get, and how large they were.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { BatchWriter } from "../../src/client/batch_writer.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { Json, Receipt } from "../../src/protocol/write.ts";
import type { Lab } from "./lab.ts";

/** Largest workflow task that was completed while `run` ran. */
export async function taskBytesMax(run: () => Promise<void>): Promise<number> {
  const { TaskMeter } = await import("../../src/lab/bench/task_meter.ts");
  using meter = new TaskMeter();
  await run();
  assertEquals(meter.failures, 0);
  return meter.bytesMax;
}

/** Rows of some size, from so many writers at the same moment. */
export async function writeAtOnce(
  lab: Lab,
  name: string,
  { writers, rows, rowBytes, writersMax }: { writers: number; rows: number; rowBytes: number; writersMax?: number },
): Promise<Receipt[]> {
  const all = Array.from({ length: writers }, () => lab.writer(name, writersMax === undefined ? {} : { writersMax }));
  // Each has its place: from here on their Updates meet in one task.
  for (const [w, writer] of all.entries()) await writer.write({ requestId: `${name}/${w}/first`, data: w });
  const data = (n: number): Json => ({ n, text: "x".repeat(rowBytes) });
  const write = (writer: BatchWriter, w: number, n: number) =>
    writer.write({ requestId: `${name}/${w}/${n}`, data: data(n) });
  return await Promise.all(
    all.flatMap((writer, w) => Array.from({ length: rows }, (_, n) => write(writer, w, n))),
  );
}

/** Asserts that no run of the batchers of this name was ended by the server. */
export async function assertNoneEnded(lab: Lab, name: string): Promise<void> {
  const runs = await Array.fromAsync(lab.client.workflow.list({ query: `WorkflowId STARTS_WITH "${name}/"` }));
  assertGreater(runs.length, 0);
  for (const { workflowId, runId } of runs) {
    // The list may be behind.
    const { status } = await lab.client.workflow.getHandle(workflowId, runId).describe();
    assert(["RUNNING", "CONTINUED_AS_NEW", "COMPLETED"].includes(status.name), `${workflowId} is ${status.name}`);
  }
}

/**
 * Asserts that the largest task was large, and within the sum that `limits.ts` bounds it by.
 *
 * @param codecGrowth How much larger a codec makes what the batcher itself sends; requests have their bound after it.
 */
export function assertWithinBudget(bytes: number, codecGrowth = 1): void {
  assertLess(bytes, LIMITS.taskRequestBytesMax + codecGrowth * LIMITS.taskOwnBytesMax);
  assertGreater(bytes, LIMITS.taskRequestBytesMax / 3, "the Updates of the test must meet in one task");
}
