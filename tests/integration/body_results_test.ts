/** Results and encrypted rows that travel through a store of bodies. */
import { assert, assertEquals, assertFalse, assertInstanceOf, assertRejects } from "@std/assert";
import { BodyStorage } from "../../src/bodies/body_storage.ts";
import { WriteError } from "../../src/protocol/failures.ts";
import { AesCodec } from "../support/aes_codec.ts";
import { eventually } from "../support/eventually.ts";
import { FaultyBodies } from "../support/faulty_bodies.ts";
import { type LabCase, labTests } from "../support/lab_tests.ts";
import { permitted } from "../support/permitted.ts";

const folder = `/tmp/temporal-batcher-bodies-${crypto.randomUUID()}`;
const bodies = new FaultyBodies(folder);
const externalStorage = new BodyStorage({ driver: bodies, thresholdBytes: 1_000 });
if (permitted) Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

const SECRET = "secret-4711 ";
const RESULT_BYTES = 2_000;

async function storedText(): Promise<string> {
  const texts = await Promise.all((await bodies.paths()).map((path) => Deno.readFile(`${folder}/${path}`)));
  return texts.map((bytes) => new TextDecoder().decode(bytes)).join("\n");
}

const cases: LabCase[] = [
  ["write() gets a large result through files", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const receipts = await Promise.all(
      Array.from({ length: 10 }, (_, n) => writer.write({ requestId: `${name}/${n}`, data: n })),
    );
    for (const receipt of receipts) {
      assert(receipt.status === "committed");
      assertEquals(receipt.result, "r".repeat(RESULT_BYTES));
    }
    const { historySize } = await lab.batcher(name).describe();
    assert(historySize! < 10 * RESULT_BYTES, `the history has ${historySize} bytes`);
  }],

  ["write() whose answer cannot be read asks again until it can", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    await writer.write({ requestId: `${name}/first`, data: 0 });
    const before = writer.stats.retries;
    // The flush's answer is stored first, and the Update's after that.
    let answers = 0;
    let away = true;
    bodies.failsToRead = () => away && answers === 2;
    bodies.loses = ({ target }) => {
      if (target?.kind === "workflow" && target.runId !== undefined) answers++;
      return false;
    };
    const waiting = writer.write({ requestId: `${name}/a`, data: 1 });
    await eventually("the writer has tried again", async () => await writer.stats.retries > before);
    away = false;
    const receipt = await waiting;
    assertEquals(receipt.status, "committed");
    assert(receipt.status === "committed");
    assertEquals(receipt.result, "r".repeat(RESULT_BYTES));
    assertEquals(lab.flushesOf(name).length, 2);
  }],

  ["write() whose answer is lost is unknown, and the same again is a duplicate", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    await writer.write({ requestId: `${name}/first`, data: 0 });
    let answers = 0;
    bodies.loses = ({ target }) => target?.kind === "workflow" && target.runId !== undefined && ++answers === 2;
    const error = await assertRejects(
      () => writer.write({ requestId: `${name}/a`, data: 1 }),
      WriteError,
      "is missing",
    );
    assertInstanceOf(error, WriteError);
    assertEquals(error.outcome, "unknown");
    bodies.heal();
    assertEquals((await writer.write({ requestId: `${name}/a`, data: 1 })).status, "duplicate");
  }],
];

labTests({
  dataConverter: { externalStorage, payloadCodecs: [new AesCodec()] },
  apply: (_tx, writes) => writes.map(() => "r".repeat(RESULT_BYTES)),
}, [
  ["write() with a codec stores nothing that can be read without the key", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const receipt = await lab.writer(name).write({ requestId: `${name}/a`, data: SECRET.repeat(500) });
    await lab.assertLedgerHolds(`${name}/`, [receipt]);
    assertEquals((await lab.ledgerRows(`${name}/`))[0].data, SECRET.repeat(500));
    const stored = await storedText();
    assert(stored.length > 6_000);
    assertFalse(stored.includes(SECRET) || stored.includes("rrrrrr"), "a stored body can be read");
  }],
  ...cases.map(([name, run]): LabCase => [name, (lab) => run(lab).finally(() => bodies.heal())]),
]);
