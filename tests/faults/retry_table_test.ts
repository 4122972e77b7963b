/** What a writer does with each failure of an Update, on a real server. */
import { assert, assertEquals, assertGreater, assertGreaterOrEqual, assertRejects } from "@std/assert";
import { WriteConfirmationTimeoutError, WriteSubmissionFailedError } from "../../src/protocol/failures.ts";
import type { Receipt } from "../../src/protocol/write.ts";
import { eventually } from "../support/eventually.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { Load } from "../support/load.ts";
import { submissionOf, submitRaw } from "../support/raw_submission.ts";

/** Half as many again as the server lets be in flight. */
const FLOOD = 15;

/** Sends Updates, more at the same time than the server takes, until it is told to stop. Returns how to stop it. */
function flood(lab: Lab, name: string): () => Promise<void> {
  let stopping = false;
  const callers = Array.from({ length: FLOOD }, async (_, c) => {
    for (let n = 0; !stopping; n++) {
      const submission = submissionOf([{ requestId: `flood-of-${name}/${c}/${n}`, data: n }]);
      // Most of them fail, which is what they are for.
      await submitRaw(lab, name, submission, lab.writerClient.client).catch(() => {});
    }
  });
  return async () => {
    stopping = true;
    await Promise.all(callers);
  };
}

function until(what: string, holds: () => boolean): Promise<true> {
  return eventually(what, async () => await Promise.resolve(holds()) || undefined);
}

/** Asserts that a write that went through a failure has its one row. */
async function assertOneRow(lab: Lab, receipt: Receipt): Promise<void> {
  assert(receipt.status !== "rejected");
  await lab.assertLedgerHolds(receipt.requestId, [receipt]);
}

labTests({ keepState: true }, [
  ["write() goes on when a stranger floods the batcher beyond the Updates that may be in flight", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writers = [lab.writer(name), lab.writer(name)];
    const load = new Load(writers, 5, `${name}/`);
    await load.untilMore(50);
    lab.sink.delay(50);
    const stop = flood(lab, name);
    await until("the limit is met", () => writers.every(({ stats }) => stats.capErrors > 0));
    await stop();
    await load.untilMore(50);
    await load.end();
    await lab.assertLedgerHolds(`${name}/`, load.receipts);
    // They have a place here, and wait for room instead of moving on.
    for (const writer of writers) assertEquals(writer.batchers, [lab.batcher(name).workflowId]);
  }],

  [
    "write() whose batcher is terminated while a durable flush has it is submitted again, and has one row",
    async (lab) => {
      const name = lab.name();
      await lab.batcherWorker(name);
      const writer = lab.writer(name, { fastFlushMs: 100 });
      const release = lab.sink.hang();
      const waiting = writer.write({ requestId: `${name}/a`, data: 1 });
      await eventually("the Update is accepted", async () => await lab.acceptedUpdates(name) === 1);
      await lab.batcher(name).terminate("a test");
      await until("another batcher has it", () => writer.stats.starts === 2);
      assertGreaterOrEqual(writer.stats.retries, 1);
      release();
      await assertOneRow(lab, await waiting);
    },
  ],

  ["write() whose batcher is terminated while a fast flush has it is submitted again, and has one row", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const release = lab.sink.hang();
    const waiting = writer.write({ requestId: `${name}/a`, data: 1 });
    await until("the flush has begun", () => lab.sink.inFlight === 1);
    await lab.batcher(name).terminate("a test");
    await until("another batcher has it", () => writer.stats.starts === 2);
    release();
    await assertOneRow(lab, await waiting);
  }],

  ["write() starts a new batcher where the old one was terminated while it was idle", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const first = await writer.write({ requestId: `${name}/a`, data: 1 });
    await lab.batcher(name).terminate("a test");
    const second = await writer.write({ requestId: `${name}/b`, data: 2 });
    // What the old one remembered is gone, but not what is stored.
    const again = await lab.writer(name).write({ requestId: `${name}/a`, data: 1 });
    assertEquals(again, { ...first, status: "duplicate" });
    assertEquals(writer.stats.starts, 2);
    await lab.assertLedgerHolds(`${name}/`, [again, second]);
  }],

  ["write() waits for a server that is away, and gives up only at its deadline", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    await writer.write({ requestId: `${name}/before`, data: 0 });
    let waiting: Promise<Receipt> | undefined;
    await lab.restartServer(async () => {
      waiting = writer.write({ requestId: `${name}/waiting`, data: 1 });
      await until("it was tried again", () => writer.stats.retries >= 3);
      const other = lab.writer(name);
      const hopeless = () => other.write({ requestId: `${name}/hopeless`, data: 2 }, { timeoutMs: 500 });
      const error = await assertRejects(hopeless, WriteConfirmationTimeoutError);
      // No answer may mean that only the answer was lost.
      assertEquals(error.outcome, "unknown");
    });
    await assertOneRow(lab, await waiting!);
    assertEquals(await lab.ledgerRows(`${name}/hopeless`), []);
  }],

  ["write() fails at once where the namespace does not exist, and says so", async (lab) => {
    const { connectWriterClient } = await import("../../src/client/connection.ts");
    await using connected = await connectWriterClient({ address: lab.address, namespace: "nowhere" });
    const writer = lab.writer(lab.name(), { client: connected.client });
    const error = await assertRejects(() => writer.write({ requestId: "a", data: 1 }), WriteSubmissionFailedError);
    assertEquals([error.outcome, writer.stats.updates], ["not written", 1], error.message);
    assert(error.message.includes('namespace "nowhere" does not exist'), error.message);
    await writer[Symbol.asyncDispose]();
  }],
]);

/**
 * So few Updates that run after run comes to its limit. The server suggests to continue as new at nine tenths of it, so that
 * what is left must be more than the writers send in one workflow task: else a run could be at its limit untold.
 */
const TOTAL_UPDATES = 40;
const WRITERS = 3;

labTests({ dynamicConfig: { "history.maxTotalUpdates": `${TOTAL_UPDATES}` } }, [
  ["write() goes on when run after run of its batcher comes to its limit of Updates", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const load = new Load(Array.from({ length: WRITERS }, () => lab.writer(name)), 5, `${name}/`);
    await eventually("several runs have ended", async () => {
      await load.untilMore(20);
      return (await lab.stats(name)).generation >= 5;
    });
    await load.end();
    await lab.assertLedgerHolds(`${name}/`, load.receipts);
  }],
]);

labTests({
  dynamicConfig: {
    "history.maxTotalUpdates": `${TOTAL_UPDATES}`,
    // Never suggests it, as if the limit had been lowered below what the run has taken already.
    "history.maxTotalUpdates.suggestContinueAsNewThreshold": "100",
  },
}, [
  ["write() to a run that takes no more Updates makes it roll over, and gets through to the next run", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    for (let n = 0; n < TOTAL_UPDATES; n++) await writer.write({ requestId: `${name}/${n}`, data: n });
    assertEquals(writer.stats.retries, 0);
    assertEquals([await lab.acceptedUpdates(name), (await lab.stats(name)).generation], [TOTAL_UPDATES, 0]);
    const receipt = await writer.write({ requestId: `${name}/more`, data: 1 });
    assertEquals(receipt.status, "committed");
    await assertOneRow(lab, receipt);
    assertGreater(writer.stats.retries, 0);
    assertEquals([(await lab.stats(name)).generation, writer.stats.starts], [1, 1]);
  }],
]);
