/** Processes that die and batchers that are ended under load: no write fails, none is lost, none is stored twice. */
import { assertEquals, assertGreaterOrEqual, assertInstanceOf, assertLess } from "@std/assert";
import { DatabaseWriteFailedError, WriteOutcomeUnknownError } from "../../src/protocol/failures.ts";
import { startChildWorker } from "../support/child_worker.ts";
import { eventually } from "../support/eventually.ts";
import { setupError } from "../support/faulty_sink.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { Load } from "../support/load.ts";

const WRITERS = 3;
const CALLERS_PER_WRITER = 10;
/** Enough that every caller has had several turns. */
const PHASE_WRITES = 5 * WRITERS * CALLERS_PER_WRITER;

function startLoad(lab: Lab, name: string) {
  const writers = Array.from({ length: WRITERS }, () => lab.writer(name));
  return { writers, load: new Load(writers, CALLERS_PER_WRITER, `${name}/`) };
}

labTests({ keepState: true }, [
  ["write() goes on when a batcher's worker is killed under load", async (lab) => {
    const name = lab.name();
    await using first = await startChildWorker(lab, name);
    await using second = await startChildWorker(lab, name);
    const { load } = startLoad(lab, name);
    await load.untilMore(PHASE_WRITES);
    await first.kill();
    await load.untilMore(PHASE_WRITES);
    // One of the two had the batcher in its cache; the other one has it now.
    await using _third = await startChildWorker(lab, name);
    await second.kill();
    await load.untilMore(PHASE_WRITES);
    await load.end();
    await lab.assertLedgerHolds(`${name}/`, load.receipts);
  }],

  ["write() whose worker dies between commit and answer is told committed, and has one row", async (lab) => {
    const name = lab.name();
    await using doomed = await startChildWorker(lab, name, "--hang-after-commit");
    const written = lab.writer(name).write({ requestId: `${name}/a`, data: 1 });
    await doomed.until("committed");
    await doomed.kill();
    await lab.batcherWorker(name);
    const receipt = await written;
    assertEquals(receipt.status, "committed");
    await lab.assertLedgerHolds(`${name}/`, [receipt]);
  }],

  [
    "write() whose worker dies after the commit is not told 'not written' by a worker that may not write",
    async (lab) => {
      const name = lab.name();
      await using doomed = await startChildWorker(lab, name, "--hang-after-commit");
      const told = lab.writer(name).write({ requestId: `${name}/a`, data: 1 }).catch((error) => error);
      await doomed.until("committed");
      await doomed.kill();
      await using _heir = await startChildWorker(lab, name, "--no-permission");
      assertInstanceOf(await told, WriteOutcomeUnknownError);
      assertEquals((await lab.ledgerRows(`${name}/`)).length, 1);
    },
  ],

  ["write() is told 'not written' by a worker that took a batcher over, but not of its first task", async (lab) => {
    const name = lab.name();
    const writer = lab.writer(name);
    const write = (id: string) => writer.write({ requestId: `${name}/${id}`, data: 1 });
    const first = await lab.batcherWorker(name);
    const receipts = [await write("a")];
    await first.stop();
    await lab.batcherWorker(name);
    receipts.push(await write("b"));
    lab.sink.failBeforeCommit(Infinity, setupError);
    const told = await write("c").catch((error) => error);
    lab.sink.heal();
    assertInstanceOf(told, DatabaseWriteFailedError);
    await lab.assertLedgerHolds(`${name}/`, receipts);
  }],

  ["write() starts a new batcher when the old one is terminated under load", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const { load, writers } = startLoad(lab, name);
    for (let terminated = 0; terminated < 3; terminated++) {
      await load.untilMore(PHASE_WRITES);
      await lab.batcher(name).terminate("a test");
    }
    await load.untilMore(PHASE_WRITES);
    await load.end();
    await lab.assertLedgerHolds(`${name}/`, load.receipts);
    assertGreaterOrEqual(writers.reduce((sum, { stats }) => sum + stats.starts, 0), 4);
    assertLess((await lab.stats(name)).admittedWrites, load.receipts.length);
  }],

  ["write() goes on when the batcher is reset under load", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const { load } = startLoad(lab, name);
    await load.untilMore(PHASE_WRITES);
    const { events } = await lab.batcher(name).fetchHistory();
    const completed = events?.filter((event) => event.workflowTaskCompletedEventAttributes) ?? [];
    const { runId } = await lab.client.workflowService.resetWorkflowExecution({
      namespace: "default",
      workflowExecution: { workflowId: lab.batcher(name).workflowId },
      reason: "a test",
      requestId: crypto.randomUUID(),
      workflowTaskFinishEventId: completed[Math.floor(completed.length / 2)].eventId,
    });
    await load.untilMore(PHASE_WRITES);
    await load.end();
    await lab.assertLedgerHolds(`${name}/`, load.receipts);
    assertEquals((await lab.batcher(name).describe()).runId, runId);
  }],

  ["write() goes on when the server is restarted under load", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const { load } = startLoad(lab, name);
    await load.untilMore(PHASE_WRITES);
    const { runId } = await lab.batcher(name).describe();
    await lab.restartServer();
    await load.untilMore(PHASE_WRITES);
    await load.end();
    await lab.assertLedgerHolds(`${name}/`, load.receipts);
    await eventually("the batcher of before", async () => (await lab.batcher(name).describe()).runId === runId);
  }],
]);
