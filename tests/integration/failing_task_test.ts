/** Batchers whose workflow task fails, because their worker lacks the body storage that the run was begun with. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BodyStorage } from "../../src/bodies/body_storage.ts";
import { FileBodyDriver } from "../../src/bodies/file_driver.ts";
import { WriteConfirmationTimeoutError } from "../../src/protocol/failures.ts";
import { startChildWorkerOn } from "../support/child_worker.ts";
import { eventually } from "../support/eventually.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { permitted } from "../support/permitted.ts";
import { runCommand } from "../support/run_command.ts";
import { Running } from "../support/running_command.ts";

const folder = `/tmp/temporal-batcher-bodies-${crypto.randomUUID()}`;
const bodyStorage = `file:${folder}`;
if (permitted) Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

/** Large enough to be stored outside of the history. */
const large = { id: "large", text: "x".repeat(40_000) };

const startWorker = (lab: Lab, ...flags: string[]) =>
  new Running("worker", ["--role", "batcher", "--sink", `sqlite:${lab.ledgerFile}`, ...flags], lab);

/** Leaves the batcher of the first shard behind so that only a worker with body storage can replay it. */
async function leaveStoredBody(lab: Lab, name: string): Promise<void> {
  const worker = await lab.batcherWorker(name);
  await lab.writer(name).write({ requestId: `${name}/large`, data: large });
  // Or their answers would have the task fail, instead of what a test does.
  await lab.ledgersCompared(name);
  await worker.stop();
}

/** Partition keys of the two shards that there are. */
const KEYS = ["a", "b"];

labTests({ dataConverter: { externalStorage: new BodyStorage({ driver: new FileBodyDriver(folder) }) } }, [
  ["deno task worker says in one line which workflow task fails and why, also if it has failed before", async (lab) => {
    const flag = ["--body-storage", bodyStorage];
    await using first = startWorker(lab, ...flag);
    await first.until("Ready.");
    const write = await runCommand("write", ["--input", "-", "--id-field", "id", ...flag], {
      stdin: JSON.stringify(large),
      env: { TEMPORAL_ADDRESS: lab.address },
    });
    assertEquals(write.code, 0, write.stderr);
    assertEquals(await first.interrupt(), 130);
    const abort = new AbortController();
    const waiting = lab.writer("batcher", { taskQueue: "batcher-queue" })
      .write({ requestId: "small", data: 1 }, { signal: abort.signal }).catch(() => {});
    for (let restart = 0; restart < 2; restart++) {
      await using worker = startWorker(lab);
      await worker.until(
        / WARN {2}The workflow task of batcher\/0\/0 fails,.*: Cannot replay: This worker has no body/,
      );
      assertEquals(await worker.interrupt(), 130);
      assertEquals(worker.said.match(/batcher\/0\/0|Cannot replay/g)?.length, 2, worker.said);
    }
    abort.abort();
    await waiting;
    await lab.batcher("batcher").terminate("The test is over");
  }],

  ["BatchWriter.write() says why its batcher cannot go on, and is stored once that is terminated", async (lab) => {
    const name = lab.name();
    await leaveStoredBody(lab, name);
    await lab.batcherWorker(name, {});
    const warnings: string[] = [];
    const writer = lab.writer(name, { shards: 2, onWarning: (message) => warnings.push(message) });
    const write = { requestId: `${name}/small`, data: 1, partitionKey: KEYS[0] };
    const first = writer.write(write);
    let others = 0;
    await eventually("it is told, although the other batcher answers", async () => {
      await writer.write({ requestId: `${name}/other-${others++}`, data: 1, partitionKey: KEYS[1] });
      return warnings.length > 0;
    });
    const problem =
      `the batcher '${name}/0/0' cannot go on because its workflow task fails: Cannot replay: This worker ` +
      "has no body storage, and its writers have: set BODY_STORAGE or --body-storage to what they use; " +
      "fix its worker, or terminate the batcher, which is safe (writers send pending writes again, and a repeat is not " +
      "stored twice), with: " +
      `temporal workflow terminate --namespace default --workflow-id ${name}/0/0`;
    assertEquals(warnings, [problem]);
    const error = await assertRejects(() => writer.write(write, { timeoutMs: 100 }), WriteConfirmationTimeoutError);
    assertStringIncludes(error.message, `within 100 ms (${problem}): `);
    assertEquals(error.outcome, "unknown");
    await lab.batcher(name).terminate("as the error says");
    const receipts = [await first, await writer.write({ ...write, requestId: `${name}/small-2` })];
    assertEquals(receipts.map(({ status }) => status), ["committed", "committed"]);
    assertEquals((await lab.ledgerRows(`${name}/small`)).length, 2);
  }],

  ["createBatcherWorker() goes on although its onTaskFailure throws or rejects", async (lab) => {
    const name = lab.name();
    await leaveStoredBody(lab, name);
    const told: string[] = [];
    const worker = await lab.batcherWorker(name, {}, lab.sink, ({ workflowId }) => {
      told.push(workflowId);
      const error = new Error("the callback's own");
      if (told.length === 1) throw error;
      return Promise.reject(error);
    });
    const waiting = lab.writer(name).write({ requestId: `${name}/small`, data: 1 });
    await eventually("it is told twice", async () => await Promise.resolve(told.length > 1));
    await lab.batcher(name).terminate("The next one can go on");
    assertEquals([(await waiting).status, worker.worker.getState()], ["committed", "RUNNING"]);
    assertEquals(new Set(told), new Set([`${name}/0/0`]));
  }],

  ["BatchWriter.write() that is stored already is told so after its batcher was terminated", async (lab) => {
    const name = lab.name();
    await leaveStoredBody(lab, name);
    const warnings: string[] = [];
    const writer = lab.writer(name, { onWarning: (message) => warnings.push(message) });
    await using doomed = await startChildWorkerOn(lab.ledgerFile, lab, name, "--hang-after-commit", bodyStorage);
    const write = { requestId: `${name}/small`, data: 1 };
    const first = writer.write(write);
    await doomed.until("committed");
    await doomed.kill();
    await lab.batcherWorker(name, {});
    // The first attempt was lost with its worker, so the server was never told why the others fail.
    await eventually("it is told", async () => {
      await Promise.resolve();
      return warnings.some((warning) => warning.includes("attempts have failed or timed out, and its worker's log"));
    });
    await lab.batcher(name).terminate("as the error says");
    const receipt = await first;
    assertEquals(receipt.status, "committed");
    assertEquals((await lab.writer(name).write(write)).status, "duplicate");
    assertEquals((await lab.ledgerRows(`${name}/`)).length, 2);
  }],
]);
