/** What a writer says when nobody works for its batchers. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { WriteConfirmationTimeoutError } from "../../src/protocol/failures.ts";
import { eventually } from "../support/eventually.ts";
import { labTests } from "../support/lab_tests.ts";

labTests({}, [
  ["BatchWriter.write() says at once, and in its error, that no worker polls the task queue", async (lab) => {
    const name = lab.name();
    const warnings: string[] = [];
    const writer = lab.writer(name, { onWarning: (message) => warnings.push(message) });
    const write = { requestId: `${name}/a`, data: 1 };
    const first = writer.write(write);
    await eventually("it is told", async () => await Promise.resolve(warnings.length > 0));
    assertEquals(warnings, [`no worker polls task queue ${name}`]);
    const error = await assertRejects(() => writer.write(write, { timeoutMs: 100 }), WriteConfirmationTimeoutError);
    assertStringIncludes(error.message, `within 100 ms (no worker polls task queue ${name})`);
    await lab.batcherWorker(name);
    assertEquals((await first).status, "committed");
    assertEquals(warnings.length, 1);
  }],

  ["BatchWriter.write() says so when the last worker has just stopped, each time", async (lab) => {
    const name = lab.name();
    const warnings: string[] = [];
    const writer = lab.writer(name, { onWarning: (message) => warnings.push(message) });
    for (const round of [1, 2]) {
      const worker = await lab.batcherWorker(name);
      assertEquals((await writer.write({ requestId: `${name}/${round}/a`, data: 1 })).status, "committed");
      await worker.stop();
      const waiting = writer.write({ requestId: `${name}/${round}/b`, data: 1 });
      await eventually("it is told", async () => await Promise.resolve(warnings.length === round));
      const next = await lab.batcherWorker(name);
      assertEquals((await waiting).status, "committed");
      await next.stop();
    }
  }],

  ["BatchWriter.write() does not blame workers that are only slow", async (lab) => {
    const name = lab.name();
    const warnings: string[] = [];
    const writer = lab.writer(name, { onWarning: (message) => warnings.push(message) });
    await lab.batcherWorker(name);
    const release = lab.sink.hang();
    const error = await assertRejects(
      () => writer.write({ requestId: `${name}/a`, data: 1 }, { timeoutMs: 5_000 }),
      WriteConfirmationTimeoutError,
    );
    release();
    assertEquals([warnings, error.message.includes("no worker polls")], [[], false]);
  }],
]);
