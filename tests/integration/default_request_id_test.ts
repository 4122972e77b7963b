/** The ids that `submitWrite` gives writes without one: the same for a repeated write, another one for a new one. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { FAILURE } from "../../src/protocol/failures.ts";
import type { Receipt } from "../../src/protocol/write.ts";
import { eventually } from "../support/eventually.ts";
import { failureOf } from "../support/failure_of.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";

async function startSystem(lab: Lab): Promise<{ queue: string; stopCallers: () => Promise<void> }> {
  const name = lab.name();
  await lab.batcherWorker(name);
  const { stop } = await lab.mainWorker(`${name}-callers`, lab.writer(name));
  return { queue: `${name}-callers`, stopCallers: stop };
}

function start(lab: Lab, taskQueue: string, type: string, maximumAttempts = 1) {
  const options = { taskQueue, workflowId: lab.name(type), retry: { maximumAttempts, initialInterval: 1 } };
  return lab.client.workflow.start(type, options);
}

/** Takes a workflow back to where it was before its first workflow task had ended, and returns the new run's result. */
async function reset(lab: Lab, workflowId: string): Promise<unknown> {
  const { events } = await lab.client.workflow.getHandle(workflowId).fetchHistory();
  const workflowTaskFinishEventId = events?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId;
  const { runId } = await lab.client.workflowService.resetWorkflowExecution({
    namespace: "default",
    workflowExecution: { workflowId },
    reason: "a test",
    requestId: crypto.randomUUID(),
    workflowTaskFinishEventId,
  });
  return await lab.client.workflow.getHandle(workflowId, runId).result();
}

const workflowsPath = fileURLToPath(new URL("../support/workflows/mod.ts", import.meta.url));

labTests({ workflowsPath }, [
  ["submitWrite() numbers the writes of each workflow, however many run at once", async (lab) => {
    const { queue } = await startSystem(lab);
    const handles = await Promise.all(Array.from({ length: 10 }, () => start(lab, queue, "writesTwice")));
    // All of them have written once before the first one writes again.
    for (const { workflowId } of handles) {
      await eventually("the first row", async () => (await lab.ledgerRows(`${workflowId}/`)).length === 1);
    }
    await Promise.all(handles.map((handle) => handle.signal("goOn")));
    for (const handle of handles) {
      const receipts = await handle.result() as Receipt[];
      const run = `${handle.workflowId}/${handle.firstExecutionRunId}`;
      assertEquals(receipts.map(({ requestId }) => requestId), [`${run}/1`, `${run}/2`]);
      await lab.assertLedgerHolds(`${handle.workflowId}/`, receipts);
    }
  }],

  ["submitWrite() goes on counting when another worker takes the workflow over", async (lab) => {
    const { queue, stopCallers } = await startSystem(lab);
    const handle = await start(lab, queue, "writesTwice");
    await eventually("the first row", async () => (await lab.ledgerRows(`${handle.workflowId}/`)).length === 1);
    await stopCallers();
    await handle.signal("goOn");
    await lab.mainWorker(queue, lab.writer(queue.replace("-callers", "")));
    const receipts = await handle.result() as Receipt[];
    assertEquals(receipts.map(({ requestId }) => requestId.split("/").at(-1)), ["1", "2"]);
    await lab.assertLedgerHolds(`${handle.workflowId}/`, receipts);
  }],

  ["submitWrite() of a workflow that is retried stores the row once", async (lab) => {
    const { queue } = await startSystem(lab);
    const handle = await start(lab, queue, "failsOnce", 2);
    const receipt = await handle.result() as Receipt;
    assertEquals(receipt.requestId, `${handle.workflowId}/${handle.firstExecutionRunId}/1`);
    assertEquals(receipt.status, "duplicate");
    await lab.assertLedgerHolds(`${handle.workflowId}/`, [receipt]);
  }],

  ["submitWrite() of a workflow that is reset stores the row once", async (lab) => {
    const { queue } = await startSystem(lab);
    const workflowId = lab.name("reset");
    const first = await (await lab.startTransaction(queue, { write: { data: "once" } }, workflowId)).result();
    const again = await reset(lab, workflowId) as typeof first;
    assertEquals(again.receipt, { ...first.receipt, status: "duplicate" });
    await lab.assertLedgerHolds(`${workflowId}/`, [again.receipt]);
  }],

  ["submitWrite() of a workflow that continues as new stores a row in each run", async (lab) => {
    const { queue } = await startSystem(lab);
    const handle = await start(lab, queue, "continuesOnce");
    const receipts = await handle.result() as Receipt[];
    const run = `${handle.workflowId}/${handle.firstExecutionRunId}`;
    assertEquals(receipts.map(({ requestId }) => requestId), [`${run}/1`, `${run}+1/1`]);
    assertEquals(receipts.map(({ status }) => status), ["committed", "committed"]);
    await lab.assertLedgerHolds(`${handle.workflowId}/`, receipts);
  }],

  ["submitWrite() of a run that is retried after others of its chain asks for an id", async (lab) => {
    const { queue } = await startSystem(lab);
    const handle = await start(lab, queue, "continuesAndFails", 5);
    const { type, message } = await failureOf(() => handle.result());
    assertEquals(type, FAILURE.INVALID_WRITE);
    assertStringIncludes(message, "'requestId' must be given");
    assertEquals((await lab.ledgerRows(`${handle.workflowId}/`)).length, 2);
  }],
]);
