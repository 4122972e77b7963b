/** Batchers whose workers change their ledger, or have different ones. */
import { assertEquals, assertInstanceOf, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { BatchWriter } from "../../src/client/batch_writer.ts";
import { LedgerSplitError, WriteOutcomeUnknownError } from "../../src/protocol/failures.ts";
import { SqliteAdmin } from "../../src/sinks/sqlite/admin.ts";
import { SqliteSink } from "../../src/sinks/sqlite/sink.ts";
import { startChildWorkerOn } from "../support/child_worker.ts";
import { eventually } from "../support/eventually.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { submissionOf, submitRaw } from "../support/raw_submission.ts";

const SHARDS = 4;

/** Where another ledger is, beside the one of the lab. */
function otherFile(lab: Lab, name: string): string {
  return lab.ledgerFile.replace("ledger.db", `${name}.db`);
}

/** Writes, and says whether the row is stored and not refused because of a split. */
async function isStored(writer: BatchWriter, requestId: string): Promise<boolean> {
  try {
    return (await writer.write({ requestId, data: 1 })).status === "committed";
  } catch (error) {
    if (error instanceof LedgerSplitError) return false;
    throw error;
  }
}

async function renew(lab: Lab): Promise<void> {
  const admin = await SqliteAdmin.open(lab.ledgerFile);
  await admin.renew();
  await admin.close();
}

labTests({}, [
  ["write() goes into the ledger of new workers, and what was remembered of the old one is forgotten", async (lab) => {
    const name = lab.name();
    const writer = lab.writer(name);
    const first = await lab.batcherWorker(name);
    await writer.write({ requestId: `${name}/a`, data: 1 });
    assertEquals((await lab.stats(name)).ledger, await lab.sink.identify());
    await lab.ledgersCompared(name);
    await first.stop();
    const sink = await SqliteSink.open({ path: otherFile(lab, name) });
    await using _ = { [Symbol.asyncDispose]: () => sink.close() };
    await lab.batcherWorker(name, undefined, sink);
    await writer.write({ requestId: `${name}/b`, data: 1 });
    const { ledger, rememberedWrites, ledgerSplit } = await lab.stats(name);
    assertEquals([ledger, rememberedWrites, ledgerSplit], [await sink.identify(), 1, false]);
    assertNotEquals(ledger, await lab.sink.identify());
    const again = await writer.write({ requestId: `${name}/a`, data: 1 });
    assertEquals([again.status, await sink.countCommittedOf([`${name}/a`, `${name}/b`])], ["committed", 2]);
  }],

  ["write() is not written while two workers have different ledgers, and stored when they agree", async (lab) => {
    const name = lab.name();
    const writer = lab.writer(name);
    const first = await lab.batcherWorker(name);
    await writer.write({ requestId: `${name}/first`, data: 1 });
    await lab.ledgersCompared(name);
    await using other = await startChildWorkerOn(otherFile(lab, name), lab, name);
    await first.stop();
    let n = 0;
    const write = () => writer.write({ requestId: `${name}/${n}`, data: n++ });
    await eventually("the other ledger is taken over", async () => {
      await write();
      return (await lab.stats(name)).ledger?.identity !== (await lab.sink.identify()).identity;
    });
    await lab.batcherWorker(name);
    // The server gives all tasks to the worker that has the batcher's state: only a question reaches the first ledger.
    await eventually("a split is found", async () => {
      await write().catch(() => {});
      return (await lab.stats(name)).ledgerSplit;
    });
    const error = await assertRejects(() => writer.write({ requestId: `${name}/no`, data: 0 }), LedgerSplitError);
    assertEquals([error.type, error.outcome], ["LEDGER_SPLIT", "not written"]);
    assertStringIncludes(error.message, "the same sink");
    assertEquals(await lab.sink.countCommittedOf([`${name}/no`]), 0);
    using file = new DatabaseSync(otherFile(lab, name), { readOnly: true });
    const stored = file.prepare("SELECT request_id FROM batched_writes").all().map((row) => row.request_id as string);
    assertEquals(await lab.sink.countCommittedOf(stored), 0, "no row may be in both");
    assertEquals(stored.includes(`${name}/no`), false);
    await other.kill();
    await eventually("the workers agree", () => isStored(writer, `${name}/yes`));
    assertEquals((await lab.stats(name)).ledgerSplit, false);
    assertEquals(await lab.sink.countCommittedOf([`${name}/yes`]), 1);
  }],

  ["write() to new shards finds that two workers have had different ledgers from the start", async (lab) => {
    const name = lab.name();
    await using _other = await startChildWorkerOn(otherFile(lab, name), lab, name);
    await lab.batcherWorker(name);
    const writer = lab.writer(name, { shards: SHARDS });
    const ids = Array.from({ length: 4 * SHARDS }, (_, i) => `${name}/${i}`);
    await Promise.all(ids.map((requestId) => writer.write({ requestId, data: 1 }).catch(() => {})));
    const splits = async () => {
      const stats = await Promise.all(Array.from({ length: SHARDS }, (_, shard) => lab.stats(name, { shard })));
      return stats.filter(({ ledgerSplit }) => ledgerSplit).length;
    };
    // Each batcher asks eight times, so that one of them may by chance hear of one worker only.
    await eventually("nearly all batchers see two ledgers", async () => await splits() >= SHARDS - 2);
  }],

  ["write() fails for a while when a ledger comes back that was given up, and is stored in it then", async (lab) => {
    const name = lab.name();
    const writer = lab.writer(name);
    const sink = await SqliteSink.open({ path: otherFile(lab, name) });
    await using _ = { [Symbol.asyncDispose]: () => sink.close() };
    for (const [n, each] of [lab.sink, sink].entries()) {
      const worker = await lab.batcherWorker(name, undefined, each);
      await writer.write({ requestId: `${name}/${n}`, data: n });
      if (n === 0) await lab.ledgersCompared(name);
      await worker.stop();
    }
    await lab.batcherWorker(name);
    const write = { requestId: `${name}/2`, data: 1 };
    // The flush may have run in the worker before, as far as the batcher can know.
    await assertRejects(() => writer.write(write), WriteOutcomeUnknownError);
    await assertRejects(() => writer.write(write), LedgerSplitError);
    assertEquals(await lab.sink.countCommittedOf([write.requestId]), 0);
    await eventually("the ledger is taken over", () => isStored(writer, write.requestId));
    assertEquals(await lab.sink.countCommittedOf([write.requestId]), 1);
  }],

  ["write() that a killed worker has stored is not told 'not written' because of a split", async (lab) => {
    const name = lab.name();
    const writer = lab.writer(name);
    const other = await SqliteSink.open({ path: otherFile(lab, name) });
    await using _ = { [Symbol.asyncDispose]: () => other.close() };
    for (const [n, each] of [lab.sink, other].entries()) {
      const worker = await lab.batcherWorker(name, undefined, each);
      await writer.write({ requestId: `${name}/${n}`, data: n });
      if (n === 0) await lab.ledgersCompared(name);
      await worker.stop();
    }
    await using doomed = await startChildWorkerOn(otherFile(lab, name), lab, name, "--hang-after-commit");
    const told = writer.write({ requestId: `${name}/2`, data: 2 }).catch((error) => error);
    await doomed.until("committed");
    await doomed.kill();
    // The first ledger comes back, which was given up.
    await lab.batcherWorker(name);
    const error = await told;
    assertInstanceOf(error, WriteOutcomeUnknownError);
    assertStringIncludes(error.message, "write to different ledgers");
    assertEquals(await other.countCommittedOf([`${name}/2`]), 1);
  }],

  ["write() after a new epoch is stored at once, and what was remembered is forgotten", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    for (const id of ["a", "b"]) await writer.write({ requestId: `${name}/${id}`, data: 1 });
    const before = await lab.stats(name);
    await renew(lab);
    const { status } = await writer.write({ requestId: `${name}/c`, data: 1 });
    const { ledger, rememberedWrites, durableFlushes } = await lab.stats(name);
    assertEquals([status, rememberedWrites, durableFlushes], ["committed", 1, 0]);
    assertEquals(ledger, await lab.sink.identify());
    assertEquals(ledger!.identity, before.ledger!.identity);
    assertNotEquals(ledger!.epoch, before.ledger!.epoch);
  }],

  ["submitWrites() of a writer without marks stores again what the ledger has lost before its epoch", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    await lab.writer(name).write({ requestId: `${name}/first`, data: 0 });
    const submit = async () =>
      (await submitRaw(lab, name, submissionOf([{ requestId: `${name}/a`, data: 1 }]))).runs[0];
    assertEquals((await submit()).status, "committed");
    using database = new DatabaseSync(lab.ledgerFile, { timeout: 5_000 });
    database.prepare("DELETE FROM batched_writes WHERE request_id = ?").run(`${name}/a`);
    await renew(lab);
    await lab.writer(name).write({ requestId: `${name}/second`, data: 0 });
    assertEquals((await submit()).status, "committed");
  }],
]);
