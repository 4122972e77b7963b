/** Flushes whose answers would be too large for the wire. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { labTests } from "../support/lab_tests.ts";

const WRITES = 2_000;
/** All results together are twice as large as a payload may be. */
const RESULT_CHARS = 2_000;

function applyAll(_tx: unknown, writes: readonly { data: unknown }[]): string[] {
  if (writes.some(({ data }) => data === "bad")) throw new RangeError(`the row is bad ${"口".repeat(600)}`);
  return writes.map(() => "r".repeat(RESULT_CHARS));
}

labTests({ apply: applyAll }, [
  ["write() is told committed, without its result, where all results are too large", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const write = (n: number) => writer.write({ requestId: `${name}/${n}`, data: n });
    // A writer that was let in before sends all of them in one Update.
    await writer.write({ requestId: `first/${name}`, data: 0 });
    const receipts = await Promise.all(Array.from({ length: WRITES }, (_, n) => write(n)));
    assertEquals(lab.sink.calls, 2);
    await lab.assertLedgerHolds(`${name}/`, receipts);
    for (const receipt of receipts) {
      assert(receipt.status === "committed" && receipt.result === undefined && receipt.resultOmitted === true);
    }
    // The ledger has kept it, and gives it to who asks alone.
    const again = await lab.writer(name).write({ requestId: `${name}/0`, data: 0 });
    assert(again.status === "duplicate");
    assertEquals([again.result, again.resultOmitted], ["r".repeat(RESULT_CHARS), undefined]);
  }],

  ["write() is told rejected, with a shorter message, where all messages are too long", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const ids = Array.from({ length: WRITES }, (_, n) => `${name}/${n}`);
    const receipts = await Promise.all(ids.map((requestId) => writer.write({ requestId, data: "bad" })));
    assertEquals(receipts.filter(({ status }) => status !== "rejected"), []);
    for (const receipt of receipts) {
      if (receipt.status === "rejected") assertStringIncludes(receipt.errorMessage, "the row is bad");
    }
    assertEquals(await lab.ledgerRows(`${name}/`), []);
  }],
]);
