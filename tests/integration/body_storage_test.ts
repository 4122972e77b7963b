import { assertEquals } from "@std/assert";
import { BodyStorage } from "../../src/bodies/body_storage.ts";
import { FileBodyDriver } from "../../src/bodies/file_driver.ts";
import { labTests } from "../support/lab_tests.ts";
import { permitted } from "../support/permitted.ts";

const folder = `/tmp/temporal-batcher-bodies-${crypto.randomUUID()}`;
const driver = new FileBodyDriver(folder);
const storage = new BodyStorage({ driver, thresholdBytes: 1_000 });
if (permitted) Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

const row = (i: number) => ({ n: i, text: "x".repeat(3_000) });

labTests({ dataConverter: { externalStorage: storage } }, [
  ["write() sends rows through files, and the history holds none of them", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const ids = Array.from({ length: 20 }, (_, i) => `file-${i}`);
    const receipts = await Promise.all(ids.map((requestId, i) => writer.write({ requestId, data: row(i) })));
    await lab.assertLedgerHolds("file-", receipts);
    const rows = await lab.ledgerRows("file-0");
    assertEquals(rows.map(({ data }) => data), [row(0)]);
    const { historySize } = await lab.batcher(name).describe();
    assertEquals(historySize! < 10_000, true, `the history has ${historySize} bytes`);
  }],
]);
