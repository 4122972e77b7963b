/** Rows that travel through a store of bodies, and what happens when that store fails. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { BodyStorage } from "../../src/bodies/body_storage.ts";
import {
  BodyMissingError,
  WriteConfirmationTimeoutError,
  WriteSubmissionFailedError,
} from "../../src/protocol/failures.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { eventually } from "../support/eventually.ts";
import { FaultyBodies } from "../support/faulty_bodies.ts";
import { type LabCase, labTests } from "../support/lab_tests.ts";
import { permitted } from "../support/permitted.ts";

const folder = `/tmp/temporal-batcher-bodies-${crypto.randomUUID()}`;
const bodies = new FaultyBodies(folder);
/** As another process would open it: what this one has kept in memory it does not know. */
const openStorage = () => new BodyStorage({ driver: bodies, thresholdBytes: 1_000 });
if (permitted) Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

/** Above the threshold by itself. */
const large = (n: number) => ({ n, text: "x".repeat(3_000) });

const cases: LabCase[] = [
  ["write() sends large rows through files, and the history holds none of them", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const ids = Array.from({ length: 20 }, (_, n) => `${name}/${n}`);
    const receipts = await Promise.all(ids.map((requestId, n) => writer.write({ requestId, data: large(n) })));
    await lab.assertLedgerHolds(`${name}/`, receipts);
    for (const { requestId, data } of await lab.ledgerRows(`${name}/`)) {
      assertEquals(data, large(Number(requestId.split("/")[1])));
    }
    const { historySize } = await lab.batcher(name).describe();
    assert(historySize! < 3_000 * ids.length / 2, `the history has ${historySize} bytes`);
  }],

  ["write() keeps small rows inline", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const before = bodies.stores;
    await lab.writer(name).write({ requestId: `${name}/a`, data: "small" });
    assertEquals(bodies.stores, before);
  }],

  ["write() stores a body once and the worker reads it once, for as long as the worker lives", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    // The first one finds no batcher, and goes again.
    await writer.write({ requestId: `${name}/first`, data: "small" });
    const before = [bodies.stores, bodies.reads];
    await writer.write({ requestId: `${name}/a`, data: large(1) });
    assertEquals([bodies.stores, bodies.reads], [before[0] + 1, before[1] + 1]);
  }],

  ["write() of a row of 900 KB arrives", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const receipt = await lab.writer(name).write({ requestId: `${name}/a`, data: "z".repeat(900_000) });
    await lab.assertLedgerHolds(`${name}/`, [receipt]);
  }],

  ["write() whose body the store loses fails alone, as not written, and the error names the body", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const [unlucky, other] = [lab.writer(name), lab.writer(name)];
    await other.write({ requestId: `${name}/first`, data: 0 });
    bodies.loses = () => true;
    const error = await assertRejects(
      () => unlucky.write({ requestId: `${name}/lost`, data: large(1) }),
      BodyMissingError,
      `Body ${folder}/`,
    );
    assertInstanceOf(error, BodyMissingError);
    assertEquals([error.type, error.outcome], ["BodyMissing", "not written"]);
    assertEquals((await other.write({ requestId: `${name}/small`, data: 1 })).status, "committed");
    assertEquals(await lab.ledgerRows(`${name}/lost`), []);
    bodies.heal();
    assertEquals((await unlucky.write({ requestId: `${name}/lost`, data: large(1) })).status, "committed");
  }],

  ["write() waits while the worker cannot read its body, others go on, and it is stored when it can", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const [unlucky, other] = [lab.writer(name), lab.writer(name)];
    await other.write({ requestId: `${name}/first`, data: 0 });
    bodies.failsToRead = () => true;
    const waiting = unlucky.write({ requestId: `${name}/waits`, data: large(1) });
    await eventually("the batcher has refused it", async () => await unlucky.stats.retries > 0);
    assertEquals((await other.write({ requestId: `${name}/small`, data: 1 })).status, "committed");
    bodies.heal();
    assertEquals((await waiting).status, "committed");
  }],

  ["write() whose body cannot be read until its deadline says why, and is not stored", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    await writer.write({ requestId: `${name}/first`, data: 0 });
    bodies.failsToRead = () => true;
    const error = await assertRejects(
      () => writer.write({ requestId: `${name}/a`, data: large(1) }, { timeoutMs: 6_000 }),
      WriteConfirmationTimeoutError,
      "the store is away",
    );
    // While an Update is on its way its writer cannot know what comes of it.
    assertInstanceOf(error, WriteConfirmationTimeoutError);
    assertEquals(await lab.ledgerRows(`${name}/a`), []);
  }],

  ["write() whose body cannot be stored is not written", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    await writer.write({ requestId: `${name}/first`, data: 0 });
    bodies.failsToStore = true;
    const error = await assertRejects(
      () => writer.write({ requestId: `${name}/a`, data: large(1) }),
      WriteSubmissionFailedError,
      "no space left on device",
    );
    assertInstanceOf(error, WriteSubmissionFailedError);
    assertEquals(error.outcome, "not written");
    assertEquals((await writer.write({ requestId: `${name}/small`, data: 1 })).status, "committed");
    bodies.heal();
    assertEquals((await writer.write({ requestId: `${name}/a`, data: large(1) })).status, "committed");
  }],

  ["write() to a worker without body storage is not written, and the error says what to set", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name, {});
    const writer = lab.writer(name);
    assertEquals((await writer.write({ requestId: `${name}/small`, data: 1 })).status, "committed");
    const error = await assertRejects(
      () => writer.write({ requestId: `${name}/a`, data: large(1) }),
      WriteSubmissionFailedError,
      "BODY_STORAGE",
    );
    assertInstanceOf(error, WriteSubmissionFailedError);
    assertEquals(error.outcome, "not written");
    assertEquals((await writer.write({ requestId: `${name}/small-2`, data: 1 })).status, "committed");
  }],

  ["batcher() survives its worker: the next one reads the bodies of the run again", async (lab) => {
    const name = lab.name();
    const first = await lab.batcherWorker(name);
    const writer = lab.writer(name);
    for (let n = 0; n < 3; n++) await writer.write({ requestId: `${name}/${n}`, data: large(n) });
    await first.stop();
    const before = bodies.reads;
    await lab.batcherWorker(name, { externalStorage: openStorage() });
    assertEquals((await lab.stats(name)).admittedWrites, 3);
    assertEquals(bodies.reads, before + 3);
    assertEquals((await writer.write({ requestId: `${name}/after`, data: large(9) })).status, "committed");
  }],

  ["batcher() whose bodies cannot be read in a replay waits until they can", async (lab) => {
    const name = lab.name();
    const first = await lab.batcherWorker(name);
    const writer = lab.writer(name);
    for (let n = 0; n < 3; n++) await writer.write({ requestId: `${name}/${n}`, data: large(n) });
    await first.stop();
    await Deno.rename(folder, `${folder}-away`);
    await lab.batcherWorker(name, { externalStorage: openStorage() });
    const waiting = writer.write({ requestId: `${name}/waits`, data: "small" });
    await eventually("a workflow task has failed", async () => {
      const { events } = await lab.batcher(name).fetchHistory();
      const failed = events?.findLast((event) => event.workflowTaskFailedEventAttributes);
      if (!failed) return false;
      assertStringIncludes(
        failed.workflowTaskFailedEventAttributes!.failure!.message!,
        "Cannot replay: Cannot read body",
      );
      return true;
    });
    await Deno.rename(`${folder}-away`, folder);
    assertEquals((await waiting).status, "committed");
    await lab.assertLedgerHolds(`${name}/waits`, [await waiting]);
    assertEquals((await lab.stats(name)).admittedWrites, 4);
  }],

  ["batcher() takes a durable flush's bodies from the store", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    lab.sink.failBeforeCommit(1);
    const receipts = await Promise.all(
      Array.from({ length: 5 }, (_, n) => writer.write({ requestId: `${name}/${n}`, data: large(n) })),
    );
    await lab.assertLedgerHolds(`${name}/`, receipts);
    assertEquals((await lab.stats(name)).durableFlushes, 1);
    const { historySize } = await lab.batcher(name).describe();
    assert(historySize! < 15_000, `the history has ${historySize} bytes`);
  }],

  ["batcher() rolls over before a replay has too much to read, and then its bodies go", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const data = "y".repeat(1_000_000);
    const writes = Math.ceil(LIMITS.runBodiesBytesMax / data.length) + 1;
    const before = (await bodies.paths()).length;
    for (let n = 0; n < writes; n++) await writer.write({ requestId: `${name}/${n}`, data });
    await eventually("the roll over", async () => (await lab.stats(name)).generation === 1);
    assertEquals((await lab.ledgerRows(`${name}/`)).length, writes);
    assertGreater((await bodies.paths()).length - before, writes / 2);
    // The answer of the next run is what shows the writer that the first one is over.
    await writer.write({ requestId: `${name}/next`, data });
    await eventually("the first run's bodies are gone", async () => (await bodies.paths()).length <= before + 2);
    const { admittedWrites } = await lab.stats(name);
    assertGreater(writes, admittedWrites);
    assertGreater(admittedWrites, 0);
  }],

  ["batcher() sets an end to a run that has taken a body, and to no other", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const timers = async () => {
      const { events } = await lab.batcher(name).fetchHistory();
      return events!.flatMap(({ timerStartedEventAttributes: timer }) =>
        timer ? [Number(timer.startToFireTimeout!.seconds)] : []
      );
    };
    await writer.write({ requestId: `${name}/small`, data: 1 });
    assertEquals(await timers(), []);
    for (let n = 0; n < 2; n++) await writer.write({ requestId: `${name}/${n}`, data: large(n) });
    assertEquals(await timers(), [LIMITS.runBodiesMsMax / 1_000]);
  }],
];

labTests(
  { dataConverter: { externalStorage: openStorage() } },
  cases.map(([name, run]): LabCase => [name, (lab) => run(lab).finally(() => bodies.heal())]),
);
