/** Writes that are held back: by a writer until a window ends, by a batcher until others have joined. */
import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertLessOrEqual } from "@std/assert";
import type { BatchWriter } from "../../src/client/batch_writer.ts";
import { PRESETS } from "../../src/protocol/options.ts";
import type { Receipt } from "../../src/protocol/write.ts";
import { eventually } from "../support/eventually.ts";
import { labTests } from "../support/lab_tests.ts";

/** So long that no test lives to see the end of it. */
const LONG_MS = 60_000;
const WINDOW_MS = 1_000;

function write(writer: BatchWriter, requestId: string): Promise<Receipt> {
  return writer.write({ requestId, data: requestId });
}

labTests({}, [
  ["write() waits for the end of its window, and everything in it goes in one Update", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    await write(lab.writer(name), `${name}/first`);
    const writer = lab.writer(name, { windowMs: WINDOW_MS });
    const firstWindow = Math.floor(Date.now() / WINDOW_MS);
    const waiting = Array.from({ length: 20 }, (_, n) => write(writer, `${name}/${n}`));
    // A window may have ended while they were submitted.
    const windows = Math.floor(Date.now() / WINDOW_MS) - firstWindow + 1;
    assertLess(writer.stats.updates, windows);
    const receipts = await Promise.all(waiting);
    assertLessOrEqual(writer.stats.updates, windows);
    assertLessOrEqual(lab.flushesOf(name).length, 1 + windows);
    for (const receipt of receipts) {
      assert(receipt.status === "committed");
      assertGreaterOrEqual(Date.parse(receipt.committedAt), (firstWindow + 1) * WINDOW_MS);
    }
    assertEquals((await lab.ledgerRows(`${name}/`)).length, 1 + receipts.length);
  }],

  ["write() goes at once with a full batch, and what is left waits", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { windowMs: LONG_MS, maxBatchWrites: 10 });
    const writes = Array.from({ length: 25 }, (_, n) => write(writer, `${name}/${n}`));
    await Promise.all(writes.slice(0, 20));
    assertEquals([writer.stats.updates, writer.stats.waitingWrites], [2, 5]);
    assertEquals(lab.flushesOf(name).map(({ writes }) => writes), [10, 10]);
    await writer.flush();
    await lab.assertLedgerHolds(`${name}/`, await Promise.all(writes));
    assertEquals(lab.flushesOf(name).map(({ writes }) => writes), [10, 10, 5]);
  }],

  ["write() of three writers with the policy of 'seed' is one flush a window", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const policy = { ...PRESETS.seed, windowMs: WINDOW_MS, gatherMs: 200 };
    const writers = Array.from({ length: 3 }, () => lab.writer(name, policy));
    // The batcher runs, and each writer is known to it, before anything is counted.
    await Promise.all(writers.map((writer, w) => write(writer, `${name}/first/${w}`)));
    const before = lab.flushesOf(name).length;
    const windows = new Set<number>();
    const receipts: Receipt[] = [];
    await Promise.all(writers.flatMap((writer, w) =>
      Array.from({ length: 5 }, async (_, c) => {
        for (let n = 0; n < 3; n++) {
          windows.add(Math.floor(Date.now() / WINDOW_MS));
          receipts.push(await write(writer, `${name}/${w}/${c}/${n}`));
        }
      })
    ));
    assertLessOrEqual(lab.flushesOf(name).length - before, windows.size);
    assertEquals(receipts.length, 3 * 5 * 3);
    assertEquals((await lab.ledgerRows(`${name}/`)).length, receipts.length + writers.length);
  }],

  ["batcher() gathers the Updates of several writers into one flush", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const [first, second] = [lab.writer(name, { gatherMs: 2_000, maxBatchWrites: 3 }), lab.writer(name)];
    const one = write(first, `${name}/a`);
    await eventually("the first Update is admitted", async () => (await lab.stats(name)).pendingWrites === 1);
    const receipts = await Promise.all([one, write(second, `${name}/b`)]);
    assertEquals(receipts[0].batchId, receipts[1].batchId);
    assertEquals(lab.flushesOf(name).map(({ writes }) => writes), [2]);
  }],

  ["batcher() that gathers flushes a full batch at once", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const [first, second] = [lab.writer(name, { gatherMs: LONG_MS, maxBatchWrites: 2 }), lab.writer(name)];
    const one = write(first, `${name}/a`);
    await eventually("the first Update is admitted", async () => (await lab.stats(name)).pendingWrites === 1);
    const receipts = await Promise.all([one, write(second, `${name}/b`)]);
    await lab.assertLedgerHolds(`${name}/`, receipts);
    assertEquals(lab.flushesOf(name).map(({ writes }) => writes), [2]);
  }],

  ["batcher() that does not gather flushes what comes alone", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const [first, second] = [lab.writer(name), lab.writer(name)];
    const receipts = [await write(first, `${name}/a`), await write(second, `${name}/b`)];
    assertEquals(new Set(receipts.map(({ batchId }) => batchId)).size, 2);
  }],
]);
