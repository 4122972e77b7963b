/** A thousand callers that wait at the same time, with the default options. */
import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { labTests } from "../support/lab_tests.ts";

const CALLERS = 1_000;
/** Starts at the same time; more would only wait for each other. */
const STARTERS = 50;

labTests({}, [
  ["transaction() of a thousand callers in one worker waits in all of them, and each gets its receipt", async (lab) => {
    const name = lab.name();
    const queue = `${name}-callers`;
    const writer = lab.writer(name);
    await lab.batcherWorker(name);
    await lab.mainWorker(queue, writer);
    const release = lab.sink.hang();
    const numbers = Array.from({ length: CALLERS }, (_, n) => n).values();
    const handles: Awaited<ReturnType<typeof lab.startTransaction>>[] = [];
    await Promise.all(Array.from({ length: STARTERS }, async () => {
      for (const n of numbers) {
        handles.push(await lab.startTransaction(queue, { write: { requestId: `${name}/${n}`, data: n } }));
      }
    }));
    await eventually("every caller waits", async () => await Promise.resolve(writer.stats.waitingWrites === CALLERS));
    assertEquals(await lab.sink.countCommitted(), 0);
    release();
    const results = await Promise.all(handles.map((handle) => handle.result()));
    await lab.assertLedgerHolds(`${name}/`, results.map(({ receipt }) => receipt));
    assertEquals(results.length, CALLERS);
    assertEquals([writer.stats.waitingWrites, (await lab.stats(name)).failedFlushes], [0, 0]);
  }],
]);
