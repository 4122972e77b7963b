/** Large workflow tasks with more writers than a server usually lets in, as one may have it on a server of one's own. */
import { assertEquals } from "@std/assert";
import { LIMITS } from "../../src/protocol/limits.ts";
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
