/**
 * Activities of the two task queues, bound to the sink and the writer of their process.
 *
 * @module
 */
import type { BatchWriter } from "../src/client/batch_writer.ts";
import type { Sink } from "../src/sinks/sink.ts";
import type { FlushActivities, SubmitActivities, WorkActivities } from "../src/protocol/activities.ts";
import { createFlushBatch, type FlushReport } from "./flush_batch.ts";
import { simulateWork } from "./simulate_work.ts";
import { createSubmitWrite } from "./submit_write.ts";

/** What a worker on the batcher's task queue runs. */
export function createFlushActivities(
  sink: Sink,
  onFlush?: (report: FlushReport) => void,
  storedFromBytes?: number,
): FlushActivities {
  return { flushBatch: createFlushBatch(sink, onFlush, storedFromBytes) };
}

/** What a worker needs whose workflows call `submitWrite`. */
export function createSubmitActivities(writer: BatchWriter): SubmitActivities {
  return { submitWrite: createSubmitWrite(writer) };
}

/** What a worker on the main task queue runs. */
export function createMainActivities(writer: BatchWriter): SubmitActivities & WorkActivities {
  return { ...createSubmitActivities(writer), simulateWork };
}
