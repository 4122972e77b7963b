/** Everything that makes a workflow task large, at the same time: it must stay within what the server takes. */
import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { LIMITS } from "../../src/protocol/limits.ts";
import { unavailable } from "../support/faulty_sink.ts";
import { labTests } from "../support/lab_tests.ts";
import { assertNoneEnded, assertWithinBudget, taskBytesMax, writeAtOnce } from "../support/task_size.ts";

/** What rows ask the sink for. */
function answerAsAsked(_tx: unknown, writes: readonly { requestId: string; data: unknown }[]): (string | undefined)[] {
  const rejected = writes.find(({ requestId }) => requestId.startsWith("rejected"));
  if (rejected) throw new RangeError(`the row ${rejected.requestId} is refused: ${"口".repeat(150)}`);
  return writes.map(({ requestId, data }) => {
    if (!requestId.startsWith("results")) return undefined;
    return "r".repeat(typeof data === "string" && data.startsWith("large") ? 20_000 : 600);
  });
}

labTests({ apply: answerAsAsked }, [
  ["write() is answered when six writers send full Updates of usual rows at the same time", async (lab) => {
    const name = lab.name("plain");
    const bytes = await taskBytesMax(async () => {
      await lab.batcherWorker(name);
      const receipts = await writeAtOnce(lab, name, { writers: 6, rows: 1_500, rowBytes: 400 });
      assertEquals(receipts.filter(({ status }) => status !== "committed"), []);
    });
    assertWithinBudget(bytes);
    await assertNoneEnded(lab, name);
  }],

  ["write() has its result when the results of six writers together are larger than a task", async (lab) => {
    const name = lab.name("results");
    const bytes = await taskBytesMax(async () => {
      await lab.batcherWorker(name);
      const receipts = await writeAtOnce(lab, name, { writers: 6, rows: 2_000, rowBytes: 50 });
      for (const receipt of receipts) assert(receipt.status === "committed" && receipt.result === "r".repeat(600));
    });
    assertWithinBudget(bytes);
    await assertNoneEnded(lab, name);
  }],

  ["write() has its result when a single writer's rows and results are large", async (lab) => {
    const name = lab.name("results");
    await lab.batcherWorker(name);
    const receipts = await writeAtOnce(lab, name, { writers: 1, rows: 2_000, rowBytes: 500 });
    for (const receipt of receipts) assert(receipt.status === "committed" && receipt.result === "r".repeat(600));
    await assertNoneEnded(lab, name);
  }],

  ["write() is told rejected when every row of six writers is, each with its own message", async (lab) => {
    const name = lab.name("rejected");
    const bytes = await taskBytesMax(async () => {
      await lab.batcherWorker(name);
      const receipts = await writeAtOnce(lab, name, { writers: 6, rows: 250, rowBytes: 600 });
      for (const receipt of receipts) {
        assert(receipt.status === "rejected");
        assertStringIncludes(receipt.errorMessage, `the row ${receipt.requestId} is refused`);
      }
    });
    assertWithinBudget(bytes);
    await assertNoneEnded(lab, name);
  }],

  ["write() takes the largest write together with full Updates of five neighbours, through roll overs", async (lab) => {
    const name = lab.name("large");
    const bytes = await taskBytesMax(async () => {
      await lab.batcherWorker(name);
      const text = "y".repeat(LIMITS.writeBytesMax - `${name}/large/0`.length - '""'.length - 1);
      const large = (async () => {
        const writer = lab.writer(name);
        for (let n = 0; n < 5; n++) {
          assertEquals((await writer.write({ requestId: `${name}/large/${n}`, data: text })).status, "committed");
        }
      })();
      const receipts = await writeAtOnce(lab, name, { writers: 5, rows: 3_000, rowBytes: 400 });
      assertEquals(receipts.filter(({ status }) => status !== "committed"), []);
      await large;
    });
    assertWithinBudget(bytes);
    assertGreater((await lab.stats(name)).generation, 0);
    await assertNoneEnded(lab, name);
    const [stored] = await lab.query(
      "SELECT count(*) AS rows, max(length(data)) AS chars FROM batched_writes WHERE request_id LIKE ?",
      `${name}/large/%`,
    );
    assertEquals(stored.rows, 5);
    assertGreater(Number(stored.chars), LIMITS.writeBytesMax - 100);
  }],

  ["write() is answered when only its writer has body storage, and results are large", async (lab) => {
    const name = lab.name("results");
    const { BodyStorage } = await import("../../src/bodies/body_storage.ts");
    const { Client } = await import("@temporalio/client");
    const unused = () => Promise.reject(new Error("no payload of this test is as large as that"));
    const driver = { name: "unused", type: "test", store: unused, retrieve: unused };
    const { connection } = lab.writerClient.client;
    const client = new Client({ connection, dataConverter: { externalStorage: new BodyStorage({ driver }) } });
    const bytes = await taskBytesMax(async () => {
      await lab.batcherWorker(name);
      const writer = lab.writer(name, { client });
      const write = (n: number) => writer.write({ requestId: `${name}/${n}`, data: `large ${n}` });
      const receipts = await Promise.all(Array.from({ length: 200 }, (_, n) => write(n)));
      assertEquals(receipts.filter(({ status }) => status !== "committed"), []);
    });
    assertLess(bytes, 3_500_000);
    await assertNoneEnded(lab, name);
  }],

  ["write() is answered when flushes are durable, with full batches as their input", async (lab) => {
    const name = lab.name("durable");
    const bytes = await taskBytesMax(async () => {
      await lab.batcherWorker(name);
      lab.sink.failBeforeCommit(12, unavailable);
      const receipts = await writeAtOnce(lab, name, { writers: 6, rows: 1_500, rowBytes: 400 });
      assertEquals(receipts.filter(({ status }) => status !== "committed"), []);
    });
    assertWithinBudget(bytes);
    assertGreater((await lab.stats(name)).durableFlushes, 0);
    await assertNoneEnded(lab, name);
  }],
]);
