import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import type { Client } from "@temporalio/client";
import type { BatchWriterOptions } from "../../src/client/batch_writer.ts";
import { InvalidWriteError, OverloadedError, RequestIdConflictError } from "../../src/protocol/failures.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { permittedTest } from "../support/permitted.ts";
import { committed, ScriptedClient, type SeenUpdate, type Step } from "./scripted_client.ts";
import { failures } from "./temporal_failures.ts";

const commitAll = ({ header }: SeenUpdate) => committed(header.ids.length);

async function writerWith(script: Step[], options: Partial<BatchWriterOptions> = {}) {
  const { BatchWriter } = await import("../../src/client/batch_writer.ts");
  const client = new ScriptedClient(script);
  return { client, writer: new BatchWriter({ client: client.asClient(), ...options }) };
}

permittedTest("BatchWriter.write() hands each caller its own receipt", async () => {
  const { client, writer } = await writerWith([commitAll]);
  const receipts = await Promise.all(["a", "b"].map((requestId) => writer.write({ requestId, data: { requestId } })));
  assertEquals(receipts.map(({ requestId, status }) => [requestId, status]), [["a", "committed"], ["b", "committed"]]);
  assertEquals(client.updates[0].lines, ['{"requestId":"a"}', '{"requestId":"b"}']);
  assertEquals(writer.stats.waitingWrites, 0);
});

permittedTest(
  "BatchWriter.write() sends a request id once, however many callers bring it at the same time",
  async () => {
    const { client, writer } = await writerWith([commitAll]);
    const [first, second] = await Promise.all([
      writer.write({ requestId: "a", data: { x: 1, y: 2 } }),
      writer.write({ requestId: "a", data: { y: 2, x: 1 } }),
    ]);
    assertEquals(first, second);
    assertEquals(client.ids, [["a"]]);
  },
);

permittedTest("BatchWriter.write() refuses other data under a request id that is on its way", async () => {
  const { client, writer } = await writerWith([commitAll]);
  const first = writer.write({ requestId: "a", data: 1 });
  await assertRejects(() => writer.write({ requestId: "a", data: 2 }), RequestIdConflictError);
  assertEquals((await first).status, "committed");
  assertEquals(client.ids, [["a"]]);
});

permittedTest(
  "BatchWriter.write() is Overloaded once too many writes or bytes wait, and open again afterwards",
  async () => {
    for (const limit of [{ maxWaitingWrites: 2 }, { maxWaitingBytes: 100 }]) {
      const { writer } = await writerWith([commitAll, commitAll], limit);
      const data = "x".repeat(40);
      const waiting = [writer.write({ requestId: "a", data }), writer.write({ requestId: "b", data })];
      const error = await assertRejects(() => writer.write({ requestId: "c", data }), OverloadedError);
      assertEquals([error.outcome, error.retryAfterMs > 0], ["not written", true]);
      await Promise.all(waiting);
      assertEquals((await writer.write({ requestId: "c", data })).status, "committed");
    }
  },
);

permittedTest(
  "BatchWriter.write() is Overloaded once too many callers wait, also for one and the same write",
  async () => {
    const { writer, client } = await writerWith([commitAll, commitAll], { maxWaitingWrites: 10 });
    const write = { requestId: "a", data: 1 };
    const calls = await Promise.allSettled(Array.from({ length: 300 }, () => writer.write(write)));
    const refused = calls.flatMap((call) => call.status === "rejected" ? call.reason : []);
    assertEquals(calls.length - refused.length, 10);
    assert(refused.every((error) => error instanceof OverloadedError && error.outcome === "not written"));
    assertEquals(client.ids, [["a"]]);
    assertEquals((await writer.write({ requestId: "b", data: 1 })).status, "committed");
  },
);

permittedTest(
  "BatchWriter keeps count of what waits through faults that callers answer with a retry at once",
  async () => {
    const { grpc, service } = await failures();
    const { writer } = await writerWith([service(grpc("PERMISSION_DENIED")), commitAll, commitAll], {
      maxWaitingBytes: 100,
    });
    const write = { requestId: "a", data: "x".repeat(60) };
    const retried = writer.write(write).catch(() => writer.write(write));
    assertEquals((await retried).status, "committed");
    assertEquals(writer.stats.waitingWrites, 0);
    // Had one call been counted out twice there would now be room for both.
    const first = writer.write({ requestId: "b", data: "x".repeat(60) });
    await assertRejects(() => writer.write({ requestId: "c", data: "x".repeat(60) }), OverloadedError);
    assertEquals((await first).status, "committed");
  },
);

permittedTest("BatchWriter.write() refuses what is no write, and names the field", async () => {
  const { client, writer } = await writerWith([]);
  const bad: [write: unknown, field: string][] = [
    [{ requestId: "", data: 1 }, "requestId"],
    [null, "'write' must be an object: it is null"],
    [{ requestId: 7, data: 1 }, "requestId"],
    [{ requestId: "a", data: 1, partitionKey: "" }, "partitionKey"],
    [{ requestId: "a" }, "data"],
    [{ requestId: "a", data: 1n }, "data"],
    [{ requestId: "a", data: NaN }, "data"],
    [{ requestId: "a", data: "x".repeat(1_048_576) }, "data"],
  ];
  for (const [write, field] of bad) {
    const error = await assertRejects(() => writer.write(write as never), InvalidWriteError);
    assertStringIncludes(error.message, field);
  }
  assertEquals([client.updates.length, writer.stats.waitingWrites], [0, 0]);
});

permittedTest("BatchWriter.write() refuses a time to wait that would never end", async () => {
  const { client, writer } = await writerWith([]);
  for (const timeoutMs of [NaN, Infinity, 0, -1, 1.5]) {
    const error = await assertRejects(
      () => writer.write({ requestId: "a", data: 1 }, { timeoutMs }),
      InvalidWriteError,
    );
    assertStringIncludes(error.message, "'timeoutMs' must be a whole number");
    assertStringIncludes(error.message, `current value is ${timeoutMs}`);
  }
  assertEquals([client.updates.length, writer.stats.waitingWrites], [0, 0]);
});

permittedTest("BatchWriter refuses limits that limit nothing", async () => {
  const { BatchWriter } = await import("../../src/client/batch_writer.ts");
  const client = new ScriptedClient([]).asClient();
  for (const name of ["maxWaitingWrites", "maxWaitingBytes"]) {
    for (const value of [NaN, Infinity, 0, -1, 1.5]) {
      const error = assertThrows(() => new BatchWriter({ client, [name]: value }), RangeError);
      assertStringIncludes(error.message, `'${name}' must be a whole number`);
    }
  }
});

permittedTest("BatchWriter sends no Update that a batcher could take in only while it holds nothing", async () => {
  const { client, writer } = await writerWith(Array(5).fill(commitAll), { maxBatchWrites: 2, maxPendingWrites: 3 });
  await Promise.all(Array.from({ length: 8 }, (_, n) => writer.write({ requestId: `${n}`, data: n })));
  assertEquals(client.ids.map((ids) => ids.length), [3, 3, 2]);
});

permittedTest(
  "BatchWriter.write() fails once the writer is closed, and what was on its way is answered first",
  async () => {
    const { writer } = await writerWith([commitAll], { windowMs: 60_000 });
    const write = writer.write({ requestId: "a", data: 1 });
    await writer[Symbol.asyncDispose]();
    assertEquals((await write).status, "committed");
    const error = await assertRejects(() => writer.write({ requestId: "b", data: 1 }), Error, "the writer is closed");
    assertInstanceOf(error, Error);
    assertEquals("outcome" in error && error.outcome, "not written");
  },
);

permittedTest("BatchWriter.write() gives up at the caller's deadline", async () => {
  const answer = Promise.withResolvers<unknown>();
  const { writer } = await writerWith([() => answer.promise]);
  const error = await assertRejects(() => writer.write({ requestId: "a", data: 1 }, { timeoutMs: 1 }), Error);
  assertEquals("outcome" in error && error.outcome, "unknown");
  // Nobody waits any more, but the Update is still in flight.
  await writer.flush();
  assertEquals(writer.stats.waitingWrites, 1);
  answer.resolve(committed(1));
  await writer[Symbol.asyncDispose]();
  assertEquals(writer.stats.waitingWrites, 0);
});

permittedTest("BatchWriter() refuses a name that is too long for a workflow id, in one line", async () => {
  await using _ = (await writerWith([], { name: "n".repeat(LIMITS.batcherNameBytesMax) })).writer;
  const error = await assertRejects(() => writerWith([], { name: "n".repeat(201) }), RangeError);
  assertEquals(error.message, "Cannot batch as 'name' must have at most 200 characters: it has 201");
});

/** A server that counts what it is asked, and answers no Update; its clock can be put forward. */
class SilentServer implements Disposable {
  readonly asked = { workers: 0, batchers: 0 };
  readonly #now = performance.now.bind(performance);
  #aheadMs = 0;

  constructor() {
    performance.now = () => this.#now() + this.#aheadMs;
  }

  get client(): Client {
    const never = () => new Promise<never>(() => {});
    const workflowService = {
      describeTaskQueue: () => Promise.resolve({ pollers: [], workers: this.asked.workers++ }),
      describeWorkflowExecution: () => Promise.resolve({ batchers: this.asked.batchers++ }),
    };
    return Object.assign(new ScriptedClient(Array(64).fill(never)).asClient(), { workflowService });
  }

  /** Lets time go by, for what looks at a clock and for timers of some milliseconds. */
  async wait(ms: number): Promise<void> {
    this.#aheadMs += ms;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
  }
}

permittedTest(
  "BatchWriter asks nothing while writes gather in a window, and after three seconds without an answer",
  async () => {
    using server = new SilentServer();
    const { writer } = await writerWith([], { client: server.client, windowMs: 60_000 });
    const abort = new AbortController();
    const write = assertRejects(() => writer.write({ requestId: "a", data: 1 }, { signal: abort.signal }));
    await server.wait(10_000);
    const flushed = writer.flush();
    await server.wait(0);
    assertEquals(server.asked, { workers: 0, batchers: 0 });
    await server.wait(3_000);
    assertEquals(server.asked, { workers: 1, batchers: 1 });
    abort.abort();
    await Promise.all([write, flushed]);
  },
);

permittedTest("BatchWriter asks about its batchers in turn when all are silent", async () => {
  using server = new SilentServer();
  const { writer } = await writerWith([], { client: server.client, shards: 64 });
  const abort = new AbortController();
  const { signal } = abort;
  const writes = Array.from(
    { length: 500 },
    (_, n) => assertRejects(() => writer.write({ requestId: `${n}`, data: n }, { signal })),
  );
  await server.wait(0);
  assertEquals(writer.stats.updates, 64);
  await server.wait(3_000);
  assert(server.asked.batchers >= 1 && server.asked.batchers <= 5, `${server.asked.batchers} questions at once`);
  abort.abort();
  await Promise.all(writes);
});
