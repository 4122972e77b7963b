/** Large workflow tasks with more writers than a server usually lets in, as one may have it on a server of one's own. */
import { assertEquals, assertLess } from "@std/assert";
import { LIMITS } from "../../src/protocol/limits.ts";
import { eventually } from "../support/eventually.ts";
import { labTests } from "../support/lab_tests.ts";
import { assertNoneEnded, assertWithinBudget, taskBytesMax, writeAtOnce } from "../support/task_size.ts";

const WRITERS = 20;

labTests({ dynamicConfig: { "history.maxInFlightUpdates": String(WRITERS + LIMITS.newcomersMax) } }, [
  ["write() is answered when twenty writers share a batcher on a server whose limit was raised", async (lab) => {
    const name = lab.name();
    const bytes = await taskBytesMax(async () => {
      await lab.batcherWorker(name);
      const receipts = await writeAtOnce(lab, name, { writers: WRITERS, rows: 800, rowBytes: 80, writersMax: WRITERS });
      assertEquals(receipts.filter(({ status }) => status !== "committed"), []);
    });
    assertWithinBudget(bytes);
    assertEquals((await lab.stats(name)).writers, WRITERS);
    await assertNoneEnded(lab, name);
  }],
]);

labTests({ dynamicConfig: { "history.maxInFlightUpdates": "64" } }, [
  ["write() is answered when a crowd meets in one task, as only the server's limit was raised", async (lab) => {
    const name = lab.name();
    const row = (writer: number, n: number) => ({ requestId: `${name}/${writer}/${n}`, data: "x".repeat(450) });
    let writing: Promise<unknown>[] = [];
    const bytes = await taskBytesMax(async () => {
      const writers = Array.from({ length: 40 }, () => lab.writer(name));
      writing = writers.flatMap((writer, w) => Array.from({ length: 400 }, (_, n) => writer.write(row(w, n))));
      // The worker comes when the Updates of all are waiting for it.
      await eventually("every writer has sent", async () => await writers.every(({ stats }) => stats.updates > 0));
      await lab.batcherWorker(name);
      await Promise.all(writing);
    });
    assertLess(bytes, 3_500_000);
    await assertNoneEnded(lab, name);
  }],
]);
