/** Which writes are the same write, for writers of this version and of the one before. */
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { RequestIdConflictError } from "../../src/protocol/failures.ts";
import { DIGEST_CHARS_OF_VERSION_1 } from "../../src/protocol/digests.ts";
import type { SubmitWritesArgs } from "../../src/protocol/messages.ts";
import type { Write } from "../../src/protocol/write.ts";
import { eventually } from "../support/eventually.ts";
import { labTests } from "../support/lab_tests.ts";
import { submissionOf, submitRaw } from "../support/raw_submission.ts";

/** What a writer of version 1 sends. Its digests are over the data alone. */
function oldSubmissionOf({ requestId, data, partitionKey }: Write): SubmitWritesArgs {
  const [header, body] = submissionOf([{ requestId, data }]);
  const digests = header.digests.slice(0, DIGEST_CHARS_OF_VERSION_1);
  return [{ ...header, version: 1, digests, ...(partitionKey !== undefined && { keys: [partitionKey] }) }, body];
}

labTests({}, [
  ["write() of the same data under another partition key is a conflict, of that caller alone", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const write = { requestId: `${name}/a`, data: 1, partitionKey: "k" };
    const first = await lab.writer(name).write(write);
    const other = lab.writer(name);
    const [conflict, beside] = await Promise.allSettled([
      other.write({ ...write, partitionKey: "l" }),
      other.write({ ...write, requestId: `${name}/b` }),
    ]);
    assertEquals(beside.status, "fulfilled");
    assertInstanceOf((conflict as PromiseRejectedResult).reason, RequestIdConflictError);
    await assertRejects(() => other.write({ requestId: write.requestId, data: 1 }), RequestIdConflictError);
    assertEquals(await other.write(write), { ...first, status: "duplicate" });
  }],

  ["write() of a row that a writer of version 1 stored is a duplicate, and the other way round", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    await writer.write({ requestId: `${name}/first`, data: 0 });
    for (const partitionKey of [undefined, "k"]) {
      const write = (id: string) => ({ requestId: `${name}/${partitionKey}/${id}`, data: { n: 1 }, partitionKey });
      const { runs: [old] } = await submitRaw(lab, name, oldSubmissionOf(write("a")));
      assertEquals(old.status, "committed");
      assertEquals((await writer.write(write("a"))).status, "duplicate");
      await assertRejects(() => writer.write({ ...write("a"), data: 2 }), RequestIdConflictError);
      assertEquals((await writer.write(write("b"))).status, "committed");
      const { runs: [again] } = await submitRaw(lab, name, oldSubmissionOf(write("b")));
      assertEquals(again.status, "duplicate");
      assertEquals((await writer.write(write("c"))).status, "committed");
      const { runs: [other] } = await submitRaw(lab, name, oldSubmissionOf({ ...write("c"), data: { n: 2 } }));
      assertEquals(other.status, "conflict");
    }
  }],

  ["write() of an id that a writer of version 1 has under way waits for the ledger's answer", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    await writer.write({ requestId: `${name}/first`, data: 0 });
    const write = { requestId: `${name}/a`, data: 1 };
    lab.sink.failBeforeCommit(Infinity);
    const old = submitRaw(lab, name, oldSubmissionOf(write));
    await eventually("the old write is admitted", async () => (await lab.stats(name)).pendingWrites === 1);
    const waiting = writer.write(write);
    await eventually("the new one was refused", () => Promise.resolve(writer.stats.overloads > 0));
    lab.sink.heal();
    assertEquals((await old).runs[0].status, "committed");
    assertEquals((await waiting).status, "duplicate");
  }],
]);
