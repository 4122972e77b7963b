/** More writers than one batcher admits. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { setTimeout as delay } from "node:timers/promises";
import type { BatchWriter } from "../../src/client/batch_writer.ts";
import { BATCHER_WORKFLOW, batcherWorkflowId } from "../../src/protocol/names.ts";
import { eventually } from "../support/eventually.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { Load } from "../support/load.ts";

/** The batcher of each writer; a writer with none or with several fails. */
function lanesOf(writers: readonly BatchWriter[]): string[] {
  return writers.map(({ batchers }) => {
    assertEquals(batchers.length, 1, batchers.join());
    return batchers[0];
  });
}

/** How many writers each of the first lanes of a name has a place for. */
async function writersByLane(lab: Lab, name: string, lanes: number): Promise<number[]> {
  return await Promise.all(Array.from({ length: lanes }, async (_, lane) => (await lab.stats(name, { lane })).writers));
}

function sum(writers: readonly BatchWriter[], of: keyof BatchWriter["stats"]): number {
  return writers.reduce((total, { stats }) => total + stats[of], 0);
}

labTests({}, [
  ["write() of five writers uses three lanes where a batcher admits two, and each stays in its own", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writers = Array.from({ length: 5 }, () => lab.writer(name, { writersMax: 2 }));
    const load = new Load(writers, 4, `${name}/`);
    await load.untilMore(100);
    const lanes = lanesOf(writers);
    await load.untilMore(500);
    await load.end();
    assertEquals(lanesOf(writers), lanes);
    assertEquals(new Set(lanes), new Set([0, 1, 2].map((lane) => batcherWorkflowId(name, 0, lane))));
    assertEquals(await writersByLane(lab, name, 3), [2, 2, 1]);
    // Who finds a lane full has not been let in, and nothing of it is left behind.
    assertEquals(sum(writers, "laneMoves"), 4);
    await lab.assertLedgerHolds(`${name}/`, load.receipts);
  }],

  ["write() of eight writers never meets the server's limit, and two lanes are enough", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writers = Array.from({ length: 8 }, () => lab.writer(name));
    const load = new Load(writers, 10, `${name}/`);
    await load.untilMore(8_000);
    await load.end();
    assertEquals([sum(writers, "capErrors"), sum(writers, "laneMoves")], [0, 2]);
    assertEquals(await writersByLane(lab, name, 2), [6, 2]);
    assertEquals(new Set(lanesOf(writers)).size, 2);
    await lab.assertLedgerHolds(`${name}/`, load.receipts);
  }],

  ["write() of thirty writers that are released at the same instant fails for nobody", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writers = Array.from({ length: 30 }, () => lab.writer(name));
    const receipts = await Promise.all(
      writers.map((writer, n) => writer.write({ requestId: `${name}/${n}`, data: n })),
    );
    for (const { status } of receipts) assert(status === "committed" || status === "duplicate", status);
    await lab.assertLedgerHolds(`${name}/`, receipts);
    for (const { stats: { capErrors } } of writers) assertLessOrEqual(capErrors, 1);
    // A crowd spreads at once over some lanes more than the five that it needs.
    assertLessOrEqual(new Set(lanesOf(writers)).size, 17);
  }],

  ["write() of a writer that was silent for a lease begins at the first lane again", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const options = { writersMax: 1, writerLeaseMs: 1_000 };
    const [first, second] = [lab.writer(name, options), lab.writer(name, options)];
    await first.write({ requestId: `${name}/first`, data: 1 });
    await second.write({ requestId: `${name}/second`, data: 1 });
    assertEquals(lanesOf([first, second]), [batcherWorkflowId(name, 0, 0), batcherWorkflowId(name, 0, 1)]);
    // Both are silent; there is nothing to see of a lease that ends.
    await delay(1.2 * options.writerLeaseMs);
    await second.write({ requestId: `${name}/again`, data: 2 });
    assertEquals(lanesOf([second]), [batcherWorkflowId(name, 0, 0)]);
    assertEquals((await lab.ledgerRows(`${name}/`)).length, 3);
  }],

  ["write() keeps its place while its flush takes longer than a lease", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const options = { writersMax: 1, writerLeaseMs: 1_000, fastFlushMs: 100 };
    const [first, second] = [lab.writer(name, options), lab.writer(name, options)];
    await first.write({ requestId: `${name}/before`, data: 1 });
    const release = lab.sink.hang();
    const waiting = first.write({ requestId: `${name}/waiting`, data: 1 });
    await delay(1.5 * options.writerLeaseMs);
    const other = second.write({ requestId: `${name}/other`, data: 2 });
    await eventually("the other one is turned away", async () => await Promise.resolve(second.stats.laneMoves === 1));
    release();
    const receipts = await Promise.all([waiting, other]);
    assertEquals(lanesOf([first, second]), [batcherWorkflowId(name, 0, 0), batcherWorkflowId(name, 0, 1)]);
    assertEquals(receipts.map(({ status }) => status), ["committed", "committed"]);
  }],

  ["batcher() of a lane above the first ends when its leases are over, and the first one stays", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const options = { writersMax: 1, writerLeaseMs: 1_000 };
    const [first, second] = [lab.writer(name, options), lab.writer(name, options)];
    await first.write({ requestId: `${name}/first`, data: 1 });
    await second.write({ requestId: `${name}/second`, data: 1 });
    assertEquals((await lab.batcher(name, { lane: 1 }).describe()).status.name, "RUNNING");
    await eventually(
      "the second lane has ended",
      async () => (await lab.batcher(name, { lane: 1 }).describe()).status.name === "COMPLETED",
    );
    assertEquals((await lab.batcher(name).describe()).status.name, "RUNNING");
    assertEquals((await second.write({ requestId: `${name}/second`, data: 1 })).status, "duplicate");
    await lab.assertLedgerHolds(`${name}/`, [
      await first.write({ requestId: `${name}/first`, data: 1 }),
      await second.write({ requestId: `${name}/second`, data: 1 }),
    ]);
  }],

  ["write() to a lane that ends at that moment is not lost, and starts it again", async (lab) => {
    const options = { writersMax: 1, writerLeaseMs: 1_000 };
    const names = Array.from({ length: 6 }, () => lab.name());
    const runs = await Promise.all(names.map(async (name, n) => {
      await lab.batcherWorker(name);
      // Whoever comes meanwhile finds the first lane full.
      const load = new Load([lab.writer(name, options)], 1, `${name}/load/`);
      await load.untilMore(1);
      const writer = lab.writer(name, options);
      const runIds = new Set<string>();
      for (let round = 0; round < 6; round++) {
        const receipt = await writer.write({ requestId: `${name}/${round}`, data: round });
        assertEquals(receipt.status, "committed");
        runIds.add((await lab.batcher(name, { lane: 1 }).describe()).runId);
        // The lane looks once in a lease whether it is idle: at the second look, or the third, all over that moment.
        await delay(2 * options.writerLeaseMs - 60 + 20 * ((n + round) % 6));
      }
      await load.end();
      assertEquals((await lab.ledgerRows(`${name}/`)).length, load.receipts.length + 6);
      return runIds.size;
    }));
    assert(runs.some((count) => count > 1), `runs of each lane: ${runs}`);
  }],

  ["batcher() takes defaults for what its starter leaves out", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const workflowId = batcherWorkflowId(name, 0, 0);
    await lab.client.workflow.start(BATCHER_WORKFLOW, {
      workflowId,
      taskQueue: name,
      args: [{ options: { writersMax: 3 } }],
    });
    const { limits } = await lab.stats(name);
    assertEquals(limits, { ...lab.writer(name).options, writersMax: 3 });
    assertEquals((await lab.writer(name).write({ requestId: `${name}/a`, data: 1 })).status, "committed");
  }],

  ["batcher() that is cancelled ends as cancelled, also a lane that waits until it is idle", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const [first, second] = [lab.writer(name, { writersMax: 1 }), lab.writer(name, { writersMax: 1 })];
    await first.write({ requestId: `${name}/a`, data: 1 });
    await second.write({ requestId: `${name}/b`, data: 1 });
    for (const lane of [0, 1]) {
      const batcher = lab.batcher(name, { lane });
      await batcher.cancel();
      await eventually("it has ended", async () => (await batcher.describe()).status.name === "CANCELLED");
    }
    const again = await second.write({ requestId: `${name}/b`, data: 1 });
    assertEquals(again.status, "duplicate");
  }],
]);
