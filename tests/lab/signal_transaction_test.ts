/** The rival's caller: what it returns, and each of its errors. */
import { assert, assertEquals, assertGreaterOrEqual, assertStringIncludes } from "@std/assert";
import type { SignalTransactionStatus } from "../../src/lab/protocol/signal_messages.ts";
import type { SignalTransactionInput } from "../../src/lab/workflows/signal_transaction.ts";
import { eventually } from "../support/eventually.ts";
import { failureOf } from "../support/failure_of.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import type { SignalSystem } from "../support/signal_system.ts";

async function open(lab: Lab, size: number): Promise<SignalSystem> {
  const { SignalSystem } = await import("../support/signal_system.ts");
  const system = await SignalSystem.open(lab, { size, windowMs: 600_000 });
  await system.work();
  return system;
}

async function typeOfFailure(system: SignalSystem, input: Partial<SignalTransactionInput>) {
  const failure = await failureOf(async () => (await system.transaction(input)).result());
  assert(failure.nonRetryable, failure.message);
  return failure.type;
}

labTests({}, [
  ["signalTransaction() stores its row and returns what the original returns", async (lab) => {
    await using system = await open(lab, 1);
    const handle = await system.transaction({ data: { n: 1 }, workMs: [1, 2] });
    const { message, batchId, requestId, waitMs } = await handle.result();
    const { workflowId, firstExecutionRunId } = handle;
    assertEquals(requestId, `${workflowId}-${firstExecutionRunId}-write-request`);
    assertEquals(batchId, "batch-1");
    assertGreaterOrEqual(waitMs, 0);
    assertEquals(
      message,
      `TRANSACTION_SUCCESS: Workflow ${workflowId} completed: Completed initial_processing for workflow ${workflowId} -> ` +
        `DB Write (batch: batch-1, request: ${requestId}) -> Completed final_processing for workflow ${workflowId}`,
    );
    const { write_completed, write_result } = await handle.query<SignalTransactionStatus>("get_status");
    assert(write_completed);
    assertEquals([write_result?.status, write_result?.count, write_result?.batch_size], ["success", 1, 1]);
    assertEquals(await system.stored(), [requestId]);
  }],

  ["signalTransaction() without a batcher fails as SIGNAL_DELIVERY_FAILED", async (lab) => {
    await using system = await open(lab, 1);
    assertEquals(await typeOfFailure(system, { batcherId: "nobody" }), "SIGNAL_DELIVERY_FAILED");
  }],

  [
    "signalTransaction() without a confirmation in time fails as WRITE_CONFIRMATION_TIMEOUT, and its row comes",
    async (lab) => {
      await using system = await open(lab, 2);
      assertEquals(await typeOfFailure(system, { confirmationTimeoutMs: 100 }), "WRITE_CONFIRMATION_TIMEOUT");
      await system.request("late");
      await eventually("both rows", async () => (await system.stored()).length === 2);
    },
  ],

  ["signalTransaction() that is told of a failure fails as DATABASE_WRITE_FAILED", async (lab) => {
    await using system = await open(lab, 2);
    const handle = await system.transaction();
    await eventually("its request", async () => (await system.stats()).pending_writes === 1);
    await handle.signal("write_confirmation", "a text is none");
    await handle.signal("write_confirmation", { status: "no_data", batch_id: "x", count: 0 });
    const failure = await failureOf(() => handle.result());
    assertEquals(failure.type, "DATABASE_WRITE_FAILED");
    assertStringIncludes(failure.message, "no_data");
  }],

  ["signalTransaction() that is reset after its write stores its row again", async (lab) => {
    await using system = await open(lab, 1);
    const handle = await system.transaction();
    await handle.result();
    const { events } = await handle.fetchHistory();
    const first = events!.find((event) => event.workflowTaskCompletedEventAttributes)!;
    await lab.client.workflowService.resetWorkflowExecution({
      namespace: "default",
      workflowExecution: { workflowId: handle.workflowId, runId: handle.firstExecutionRunId },
      reason: "a test",
      requestId: crypto.randomUUID(),
      workflowTaskFinishEventId: first.eventId,
    });
    // The server hands the old confirmation to the new run, which does not wait for that of its second row.
    await lab.client.workflow.getHandle(handle.workflowId).result();
    await eventually("the second row", async () => (await system.stored()).length === 2);
  }],
]);
