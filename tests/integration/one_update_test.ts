/** A writer has one Update in flight, whatever its callers do. */
import { assertEquals, assertLessOrEqual, assertRejects } from "@std/assert";
import type { Client } from "@temporalio/client";
import { FAILURE, WriteConfirmationTimeoutError, WriteError } from "../../src/protocol/failures.ts";
import { eventually } from "../support/eventually.ts";
import { failureOf } from "../support/failure_of.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { submissionOf, submitRaw } from "../support/raw_submission.ts";
import { failures } from "../unit/temporal_failures.ts";

/** Below the usual deadline of a request, so that a test need not wait for that one. */
const REQUEST_MS = 300;
const WRITERS = 3;
/** With a new Update for each round, the server's limit of ten would be met in the fourth. */
const ROUNDS = 5;

/** The same client, but each of its requests has a short deadline. */
function impatient(client: Client): Client {
  return new Proxy(client, {
    get(target, key) {
      if (key !== "withDeadline") return Reflect.get(target, key);
      return <T>(_: number | Date, call: () => Promise<T>) => target.withDeadline(Date.now() + REQUEST_MS, call);
    },
  });
}

function impatientWriter(lab: Lab, name: string) {
  return lab.writer(name, { client: impatient(lab.writerClient.client), fastFlushMs: 100 });
}

labTests({}, [
  ["write() of callers that give up leaves one Update of their writer in flight", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writers = Array.from({ length: WRITERS }, () => impatientWriter(lab, name));
    await Promise.all(writers.map((writer, w) => writer.write({ requestId: `${name}/${w}/first`, data: w })));
    const before = await lab.acceptedUpdates(name);
    const release = lab.sink.hang();
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all(writers.map(async (writer, w) => {
        const write = { requestId: `${name}/${w}/${round}`, data: round };
        const timeoutMs = 3 * REQUEST_MS;
        await assertRejects(() => writer.write(write, { timeoutMs }), WriteConfirmationTimeoutError);
      }));
    }
    assertEquals(await lab.acceptedUpdates(name) - before, WRITERS);
    for (const { stats: { capErrors } } of writers) assertEquals(capErrors, 0);
    const last = writers.map((writer, w) => writer.write({ requestId: `${name}/${w}/last`, data: w }));
    release();
    const receipts = await Promise.all(last);
    assertEquals(receipts.map(({ status }) => status), Array(WRITERS).fill("committed"));
    // The writes of the first round were sent; those of the others were not, as their callers were told.
    assertEquals((await lab.ledgerRows(`${name}/`)).length, WRITERS * 3);
  }],

  ["write() goes out as soon as the Update before it is answered, though nobody waits for that one", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { fastFlushMs: 100 });
    await writer.write({ requestId: `${name}/first`, data: 0 });
    const release = lab.sink.hang();
    const abandoned = { requestId: `${name}/abandoned`, data: 1 };
    const error = await assertRejects(() => writer.write(abandoned, { timeoutMs: 500 }), WriteConfirmationTimeoutError);
    assertEquals(error.outcome, "unknown");
    const held = { requestId: `${name}/held`, data: 2 };
    const notSent = await assertRejects(() => writer.write(held, { timeoutMs: 300 }), WriteConfirmationTimeoutError);
    assertEquals(notSent.outcome, "not written");
    const next = writer.write({ requestId: `${name}/next`, data: 3 });
    release();
    assertEquals((await next).status, "committed");
    const ids = (await lab.ledgerRows(`${name}/`)).map(({ requestId }) => requestId.slice(name.length + 1));
    assertEquals(ids, ["abandoned", "first", "next"]);
  }],

  ["submitWrites() turns away a second Update of a writer, and takes it once the first is answered", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    await lab.writer(name, { fastFlushMs: 100 }).write({ requestId: `${name}/start`, data: 0 });
    const release = lab.sink.hang();
    const first = submitRaw(lab, name, submissionOf([{ requestId: `${name}/a`, data: 1 }]));
    await eventually("the first one is in flight", async () => (await lab.stats(name)).pendingWrites === 1);
    for (const requestId of [`${name}/b`, `${name}/a`]) {
      const second = submissionOf([{ requestId, data: 1 }]);
      const { type, nonRetryable, details } = await failureOf(() => submitRaw(lab, name, second));
      assertEquals([type, nonRetryable], [FAILURE.WRITER_BUSY, false]);
      assertLessOrEqual((details?.[0] as { retryAfterMs: number }).retryAfterMs, 1_000);
    }
    // Another writer is not concerned.
    const [header, body] = submissionOf([{ requestId: `${name}/c`, data: 1 }]);
    const other = submitRaw(lab, name, [{ ...header, writer: "other" }, body]);
    await eventually("the other one is in flight", async () => (await lab.stats(name)).pendingWrites === 2);
    release();
    const answers = await Promise.all([first, other]);
    answers.push(await submitRaw(lab, name, submissionOf([{ requestId: `${name}/b`, data: 1 }])));
    assertEquals(answers.map(({ runs }) => runs[0].status), Array(3).fill("committed"));
  }],

  ["write() waits out an Update of its own that it has lost sight of", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { fastFlushMs: 100 });
    await writer.write({ requestId: `${name}/first`, data: 0 });
    const history = await lab.batcher(name).fetchHistory();
    const accepted = history.events?.find((event) => event.workflowExecutionUpdateAcceptedEventAttributes);
    const { updateId } = accepted!.workflowExecutionUpdateAcceptedEventAttributes!.acceptedRequest!.meta!;
    const release = lab.sink.hang();
    const [header, body] = submissionOf([{ requestId: `${name}/lost`, data: 1 }]);
    const lost = submitRaw(lab, name, [{ ...header, writer: updateId!.split("/")[0] }, body]);
    await eventually("it is in flight", async () => (await lab.stats(name)).pendingWrites === 1);
    const next = writer.write({ requestId: `${name}/next`, data: 2 });
    await eventually("the next one was turned away", async () => await Promise.resolve(writer.stats.overloads > 0));
    release();
    await Promise.all([lost, next]);
    assertEquals((await lab.ledgerRows(`${name}/`)).length, 3);
  }],
]);

/** What a gateway answers to a call that these credentials may not make. */
async function denied(): Promise<Error> {
  const { grpc } = await failures();
  return grpc("PERMISSION_DENIED");
}

// So a request that waits for an answer is over soon, and the client has to ask for it again.
labTests({ dynamicConfig: { "history.longPollExpirationInterval": '"1s"' } }, [
  ["write() is unknown where its Update was accepted and the credentials do not do for its answer", async (lab) => {
    const { connectWriterClient } = await import("../../src/client/connection.ts");
    await using connected = await connectWriterClient({ address: lab.address });
    const error = await denied();
    Object.assign(connected.client.workflowService, { pollWorkflowExecutionUpdate: () => Promise.reject(error) });
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { client: connected.client, fastFlushMs: 100 });
    const release = lab.sink.hang();
    const failed = await assertRejects(() => writer.write({ requestId: `${name}/a`, data: 1 }), WriteError);
    assertEquals([failed.type, failed.outcome], [FAILURE.WRITE_SUBMISSION_FAILED, "unknown"], failed.message);
    release();
    await eventually("it is stored after all", async () => (await lab.ledgerRows(`${name}/`)).length === 1);
  }],
]);
