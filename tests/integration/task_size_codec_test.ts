/** Large workflow tasks with a payload codec that makes payloads larger, and with codecs that a writer must refuse. */
import { assertEquals, assertRejects } from "@std/assert";
import type { Payload, PayloadCodec } from "@temporalio/common";
import { WriteSubmissionFailedError } from "../../src/protocol/failures.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { labTests } from "../support/lab_tests.ts";
import { assertNoneEnded, assertWithinBudget, taskBytesMax, writeAtOnce } from "../support/task_size.ts";

/** As JSON codecs do that know no bytes: a third larger. */
class Base64Codec implements PayloadCodec {
  constructor(private readonly repeats: number = 1) {}

  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads.map((payload) => {
      let text = new Uint8Array(payload.data ?? new Uint8Array());
      for (let n = 0; n < this.repeats; n++) text = new TextEncoder().encode(text.toBase64());
      return { metadata: payload.metadata, data: text };
    }));
  }

  decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads.map((payload) => {
      let data = new Uint8Array(payload.data ?? new Uint8Array());
      for (let n = 0; n < this.repeats; n++) data = Uint8Array.fromBase64(new TextDecoder().decode(data));
      return { metadata: payload.metadata, data };
    }));
  }
}

labTests({
  dataConverter: { payloadCodecs: [new Base64Codec()] },
  apply: (_tx, writes) => writes.map(() => "r".repeat(300)),
}, [
  ["write() is answered through a codec that makes full Updates and answers a third larger", async (lab) => {
    const name = lab.name();
    const bytes = await taskBytesMax(async () => {
      await lab.batcherWorker(name);
      const receipts = await writeAtOnce(lab, name, { writers: 6, rows: 1_500, rowBytes: 400 });
      assertEquals(receipts.filter((receipt) => receipt.status !== "committed" || receipt.result === undefined), []);
    });
    assertWithinBudget(bytes, LIMITS.codecGrowthMax);
    await assertNoneEnded(lab, name);
  }],

  ["write() refuses a codec that makes payloads too large, and says so", async (lab) => {
    const { Client } = await import("@temporalio/client");
    const { BatchWriter } = await import("../../src/client/batch_writer.ts");
    const { connection } = lab.writerClient.client;
    const client = new Client({ connection, dataConverter: { payloadCodecs: [new Base64Codec(2)] } });
    await using writer = new BatchWriter({ client, name: lab.name() });
    const error = await assertRejects(() => writer.write({ requestId: "a", data: 1 }), WriteSubmissionFailedError);
    assertEquals([error.outcome, error.message], [
      "not written",
      "Cannot hand the write to a batcher: the payload codec must not make payloads more than 1.35 times as large: " +
      "it makes 65536 bytes 116512",
    ]);
    assertEquals(writer.stats.updates, 0);
  }],

  ["write() says when the codec itself fails, and is tried again", async (lab) => {
    const { Client } = await import("@temporalio/client");
    const { BatchWriter } = await import("../../src/client/batch_writer.ts");
    const { connection } = lab.writerClient.client;
    let failures = 1;
    class FailsOnce extends Base64Codec {
      override encode(payloads: Payload[]): Promise<Payload[]> {
        return failures-- > 0 ? Promise.reject(new Error("the key server is away")) : super.encode(payloads);
      }
    }
    const name = lab.name();
    await lab.batcherWorker(name);
    const client = new Client({ connection, dataConverter: { payloadCodecs: [new FailsOnce()] } });
    await using writer = new BatchWriter({ client, name, taskQueue: name });
    const write = () => writer.write({ requestId: `${name}/a`, data: 1 });
    await assertRejects(write, WriteSubmissionFailedError, "the payload codec failed: the key server is away");
    assertEquals((await write()).status, "committed");
  }],
]);
