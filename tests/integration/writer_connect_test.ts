/** Writers that own their connection. */
import { assertEquals, assertRejects } from "@std/assert";
import { labTests } from "../support/lab_tests.ts";

labTests({}, [
  ["BatchWriter.connect() writes through a connection of its own, and closes it", async (lab) => {
    const { BatchWriter } = await import("../../src/client/batch_writer.ts");
    const name = lab.name();
    await lab.batcherWorker(name);
    let updates = 0;
    const writer = await BatchWriter.connect({
      address: lab.address,
      name,
      taskQueue: name,
      interceptors: [{
        startUpdateWithStart: (input, next) => {
          updates++;
          return next(input);
        },
      }],
    });
    const { status } = await writer.write({ requestId: `${name}/a`, data: 1 });
    await writer[Symbol.asyncDispose]();
    assertEquals([status, updates, (await lab.stats(name)).admittedWrites], ["committed", 1, 1]);
    await assertRejects(() => writer.write({ requestId: `${name}/b`, data: 1 }), Error, "closed");
  }],

  ["BatchWriter.connect() leaves no connection behind where an option is out of its bounds", async (lab) => {
    const { BatchWriter } = await import("../../src/client/batch_writer.ts");
    await assertRejects(() => BatchWriter.connect({ address: lab.address, shards: 0 }), RangeError, "shards");
    await assertRejects(
      () => BatchWriter.connect({ address: "127.0.0.1:1", connectTimeoutMs: 500 }),
      Error,
      "No Temporal server answers at 127.0.0.1:1",
    );
  }],
]);
