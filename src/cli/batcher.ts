/**
 * `deno task batcher`: the batcher of the signal variant.
 *
 * @module
 */
import { type Client, WorkflowExecutionAlreadyStartedError } from "@temporalio/client";
import { fullMessage } from "../client/transport_text.ts";
import { BATCHER_TASK_QUEUE } from "../protocol/names.ts";
import { SIGNAL_BATCHER_ID, SIGNAL_BATCHER_WORKFLOW, SIGNAL_VARIANT } from "../lab/protocol/names.ts";
import { SIGNAL_DEFAULTS, type SignalBatcherInput, type SignalBatcherStats } from "../lab/protocol/signal_messages.ts";
import type { signalBatcher } from "../lab/workflows/signal_batcher.ts";
import { EXIT_FAILED, EXIT_INTERRUPTED, main } from "./command.ts";
import { connectOrExplain, unpolledTaskQueues } from "./server_access.ts";
import { addressFlag } from "./shared_flags.ts";
import { until } from "./until.ts";

/** A worker that does not answer a query for so long is away. */
const QUERY_WAIT_MS = 10_000;

await main({
  usage: "deno task batcher",
  summary: "Starts the batcher of the signal variant, or finds the one that runs, and tells how it is until Ctrl-C.\n" +
    "The batcher goes on then. It is only for comparison: the batchers of this project start by themselves.",
  flags: {
    size: {
      type: "number",
      min: 1,
      max: 100_000,
      default: SIGNAL_DEFAULTS.size,
      help: "Pending requests at which it flushes at once",
    },
    "window-ms": {
      type: "number",
      min: 1,
      max: 3_600_000,
      default: SIGNAL_DEFAULTS.windowMs,
      help: "How long it waits before it flushes fewer",
    },
    "interval-s": { type: "number", min: 1, max: 3_600, default: 30, help: "How often to tell" },
    ...addressFlag,
  },
  examples: ["deno task batcher", "deno task start --variant signal --workflows 100"],
  async run(flags, _operands, signal) {
    await using connected = await connectOrExplain(flags.address);
    const { client } = connected;
    const input = { size: flags.size, windowMs: flags["window-ms"] };
    const runId = await startOrResume(client, input);
    if ((await unpolledTaskQueues(client, [BATCHER_TASK_QUEUE])).length > 0) {
      console.error(`No worker polls ${BATCHER_TASK_QUEUE}: start one with 'deno task worker'`);
    }
    console.error("Ctrl-C ends this display; the batcher goes on.");
    // Native connections know no abort signal, so the waiting itself has to end.
    return await Promise.race([
      monitor(client, runId, flags["interval-s"] * 1_000, signal),
      until(signal).then(() => EXIT_INTERRUPTED),
    ]);
  },
});

/** @returns The id of the run that runs now. */
async function startOrResume(client: Client, input: SignalBatcherInput): Promise<string> {
  try {
    const { firstExecutionRunId } = await client.workflow.start<typeof signalBatcher>(SIGNAL_BATCHER_WORKFLOW, {
      taskQueue: BATCHER_TASK_QUEUE,
      workflowId: SIGNAL_BATCHER_ID,
      args: [input],
      workflowIdConflictPolicy: "FAIL",
    });
    console.log(`Started ${SIGNAL_BATCHER_ID}: flushes at ${input.size} requests, or after ${input.windowMs} ms`);
    return firstExecutionRunId;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    console.log(`Resumed ${SIGNAL_BATCHER_ID}, which was running: it keeps the size and window it was started with`);
    return (await client.workflow.getHandle(SIGNAL_BATCHER_ID).describe()).runId;
  }
}

/** Tells how the batcher is, run after run, until the signal or its end. */
async function monitor(client: Client, runId: string, intervalMs: number, signal: AbortSignal): Promise<number> {
  const latest = client.workflow.getHandle(SIGNAL_BATCHER_ID);
  for (;; await until(AbortSignal.any([signal, AbortSignal.timeout(intervalMs)]))) {
    if (signal.aborted) return EXIT_INTERRUPTED;
    try {
      const now = await latest.describe();
      if (now.runId !== runId) console.log(`${time()}  goes on in run ${now.runId}`);
      runId = now.runId;
      if (now.status.name !== "RUNNING") {
        console.log(`${time()}  ${SIGNAL_BATCHER_ID} does not run any more: ${now.status.name}`);
        return EXIT_FAILED;
      }
      const stats = await client.withDeadline(
        Date.now() + QUERY_WAIT_MS,
        () => latest.query<SignalBatcherStats>(SIGNAL_VARIANT.getStats),
      );
      console.log(`${time()}  ${lineOf(stats)}`);
    } catch (error) {
      // A worker or a server that is away may come back.
      if (!signal.aborted) console.log(`${time()}  no answer, is a worker running? (${messageOf(error)})`);
    }
  }
}

function messageOf(error: unknown): string {
  return fullMessage(error).replaceAll(/\s*\n\s*/g, " | ");
}

function time(): string {
  return new Date().toLocaleTimeString("en-GB");
}

function lineOf(stats: SignalBatcherStats): string {
  return `${stats.pending_writes} pending, ${stats.processed_batches} batches, ` +
    `${stats.session_signals_received} requests in this run, ${stats.processed_request_ids_count} request ids known, ` +
    `continue-as-new cycle ${stats.continue_as_new_cycle}${stats.is_continue_suggested ? ", continue suggested" : ""}`;
}
