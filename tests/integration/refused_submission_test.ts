/** What a batcher turns away, and that it leaves no trace. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FAILURE, InvalidWriteError, RequestIdConflictError } from "../../src/protocol/failures.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { SubmissionHeader } from "../../src/protocol/messages.ts";
import { eventually } from "../support/eventually.ts";
import { failureOf } from "../support/failure_of.ts";
import { labTests } from "../support/lab_tests.ts";
import { submissionOf, submitRaw } from "../support/raw_submission.ts";

/** A submission of two writes with something wrong, and what the refusal names. */
type Malformed = readonly [named: string, args: (header: SubmissionHeader, body: Uint8Array) => readonly unknown[]];

const text = (value: string) => new TextEncoder().encode(value);

const MALFORMED: readonly Malformed[] = [
  ["header must be an object", () => []],
  ["header must be an object", (_, body) => [["a"], body]],
  ["header.version must be 1 or 2", (header, body) => [{ ...header, version: 3 }, body]],
  ["header.writer must not be empty", (header, body) => [{ ...header, writer: "" }, body]],
  ["header.ids must be an array", (header, body) => [{ ...header, ids: "ab" }, body]],
  ["header.ids must not be empty", (header) => [{ ...header, ids: [], digests: "" }, text("")]],
  [
    `at most ${LIMITS.updateWritesMax} ids`,
    () => submissionOf(Array.from({ length: LIMITS.updateWritesMax + 1 }, (_, i) => ({ requestId: `${i}`, data: i }))),
  ],
  ["header.ids[1] must be a string", (header, body) => [{ ...header, ids: ["a", 2] }, body]],
  ["header.ids[1] must not hold control characters", (header, body) => [{ ...header, ids: ["a", "b\u0000"] }, body]],
  ["header.ids[1] repeats header.ids[0]", (header, body) => [{ ...header, ids: ["a", "a"] }, body]],
  ["header.digests must have 22 characters", (header, body) => [{ ...header, digests: "short" }, body]],
  ["header.digests must be base64url", (header, body) => [{ ...header, digests: "+".repeat(44) }, body]],
  ["header.keys must have one key", (header, body) => [{ ...header, keys: [null] }, body]],
  ["header.keys[0] must not be empty", (header, body) => [{ ...header, keys: ["", null] }, body]],
  ["body must be bytes", (header) => [header, "1\n2"]],
  ["body must be bytes", (header) => [header]],
  ["body must have one line for each id", (header) => [header, text("1\n2\n3")]],
  ["must have at most 1048576 bytes", (header) => [header, text(`1\n"${"x".repeat(LIMITS.writeBytesMax)}"`)]],
];

labTests({}, [
  ["submitWrites() rejects every malformed Update and leaves no event", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    await lab.writer(name).write({ requestId: `${name}/a`, data: 1 });
    await lab.ledgersCompared(name);
    const { historyLength } = await lab.batcher(name).describe();
    for (const [named, malform] of MALFORMED) {
      const [header, body] = submissionOf(["a", "b"].map((id) => ({ requestId: `${name}/raw/${id}`, data: id })));
      const { type, message, nonRetryable } = await failureOf(() => submitRaw(lab, name, malform(header, body)));
      assertEquals([type, nonRetryable], [FAILURE.INVALID_WRITE, true], message);
      assertStringIncludes(message, named);
      assertEquals((await lab.batcher(name).describe()).historyLength, historyLength, named);
    }
    assertEquals(await lab.ledgerRows(`${name}/raw/`), []);
  }],

  ["submitWrites() answers a repeated Update with the receipts, and leaves no event", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const write = { requestId: `${name}/a`, data: 1 };
    await lab.writer(name).write({ requestId: `${name}/start`, data: 0 });
    await lab.ledgersCompared(name);
    const [header, body] = submissionOf([write]);
    const submit = () => submitRaw(lab, name, [{ ...header, mark: 17 }, body]);
    const { runs } = await submit();
    const { historyLength } = await lab.batcher(name).describe();
    const { type, details } = await failureOf(submit);
    assertEquals([type, details], [FAILURE.ALREADY_COMMITTED, [{ runs }]]);
    assertEquals((await lab.batcher(name).describe()).historyLength, historyLength);
  }],

  ["submitWrites() rejects alone a line that is no JSON", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    await lab.writer(name).write({ requestId: `${name}/a`, data: 1 });
    const [header] = submissionOf(["b", "c", "d"].map((id) => ({ requestId: `${name}/${id}`, data: id })));
    const { runs } = await submitRaw(lab, name, [header, text('"b"\n{no JSON\n"d"')]);
    assertEquals(runs.map(({ count, status }) => [count, status]), [[1, "committed"], [1, "rejected"], [
      1,
      "committed",
    ]]);
    assertEquals((await lab.ledgerRows(`${name}/`)).map(({ requestId }) => requestId.at(-1)), ["a", "b", "d"]);
  }],

  ["write() of a stored id with other data is a conflict of that caller alone", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    const first = await writer.write({ requestId: `${name}/a`, data: 1 });
    const [conflict, neighbour] = await Promise.allSettled([
      writer.write({ requestId: `${name}/a`, data: 2 }),
      writer.write({ requestId: `${name}/b`, data: 3 }),
    ]);
    const error = await assertRejects(() => rethrow(conflict), RequestIdConflictError);
    assertEquals([error.requestId, error.outcome], [`${name}/a`, "not written"]);
    const receipt = await rethrow(neighbour);
    assertEquals(receipt.status, "committed");
    await lab.assertLedgerHolds(`${name}/`, [first, receipt]);
    assertEquals((await lab.ledgerRows(`${name}/a`))[0].data, 1);
  }],

  ["write() of an id that is being flushed with other data is a conflict", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const [first, second] = [lab.writer(name), lab.writer(name)];
    lab.sink.failBeforeCommit(Infinity);
    const pending = first.write({ requestId: `${name}/a`, data: 1 });
    await eventually("the first write is admitted", async () => await lab.acceptedUpdates(name) === 1);
    await assertRejects(() => first.write({ requestId: `${name}/a`, data: 2 }), RequestIdConflictError);
    await assertRejects(() => second.write({ requestId: `${name}/a`, data: 2 }), RequestIdConflictError);
    lab.sink.heal();
    await lab.assertLedgerHolds(`${name}/`, [await pending]);
    assertEquals((await lab.ledgerRows(`${name}/`))[0].data, 1);
  }],

  ["write() of an id that only the ledger knows with other data is a conflict of that caller alone", async (lab) => {
    const [name, other] = [lab.name(), lab.name()];
    await lab.batcherWorker(name);
    await lab.batcherWorker(other);
    const first = await lab.writer(name).write({ requestId: `${name}/a`, data: 1 });
    const writer = lab.writer(other);
    const [conflict, neighbour] = await Promise.allSettled([
      writer.write({ requestId: `${name}/a`, data: 2 }),
      writer.write({ requestId: `${name}/b`, data: 3 }),
    ]);
    await assertRejects(() => rethrow(conflict), RequestIdConflictError, `${name}/a`);
    await lab.assertLedgerHolds(`${name}/`, [first, await rethrow(neighbour)]);
  }],

  ["write() turns away what no batcher would admit, without an Update", async (lab) => {
    const writer = lab.writer(lab.name());
    await assertRejects(() => writer.write({ requestId: "", data: 1 }), InvalidWriteError);
    await assertRejects(() => writer.write({ requestId: "a", data: Number.NaN }), InvalidWriteError);
    const data = "x".repeat(LIMITS.writeBytesMax);
    await assertRejects(() => writer.write({ requestId: "a", data }), InvalidWriteError, "1048576 bytes");
    assertEquals([writer.stats.updates, writer.stats.waitingWrites], [0, 0]);
  }],
]);

async function rethrow<T>(settled: PromiseSettledResult<T>): Promise<T> {
  if (settled.status === "rejected") throw settled.reason;
  return await Promise.resolve(settled.value);
}
