import { assertEquals, assertRejects } from "@std/assert";
import { MemorySink } from "../../src/sinks/memory_sink.ts";
import { type SinkBatch, SinkError } from "../../src/sinks/sink.ts";
import { FaultySink, setupError } from "../support/faulty_sink.ts";

function batch(...requestIds: string[]): SinkBatch {
  const writes = requestIds.map((requestId) => ({ requestId, digest: "d", data: "1", partitionKey: null }));
  return { batchId: requestIds.join(), writes };
}

Deno.test("FaultySink.failBeforeCommit() fails the next calls and writes nothing", async () => {
  const sink = new FaultySink(new MemorySink());
  sink.failBeforeCommit(2);
  for (let call = 0; call < 2; call++) {
    const error = await assertRejects(() => sink.write(batch("a")), SinkError);
    assertEquals([error.kind, error.wrote, await sink.countCommitted()], ["unavailable", "no", 0]);
  }
  assertEquals((await sink.write(batch("a", "b"))).map(({ status }) => status), ["committed", "committed"]);
  assertEquals([sink.calls, sink.batchSizes, sink.batchIds], [3, [1, 1, 2], ["a", "a", "a,b"]]);
});

Deno.test("FaultySink.failAfterCommit() commits, then loses the answer", async () => {
  const sink = new FaultySink(new MemorySink());
  sink.failAfterCommit(1);
  const error = await assertRejects(() => sink.write(batch("a")), SinkError);
  assertEquals([error.wrote, await sink.countCommitted()], ["unknown", 1]);
  assertEquals((await sink.write(batch("a")))[0].status, "duplicate");
});

Deno.test("FaultySink.hang() holds calls until they are released", async () => {
  const sink = new FaultySink(new MemorySink());
  const release = sink.hang();
  const held = [sink.write(batch("a")), sink.write(batch("b"))];
  assertEquals([sink.inFlight, await sink.countCommitted()], [2, 0]);
  release();
  await Promise.all(held);
  assertEquals([sink.inFlight, sink.inFlightMax, await sink.countCommitted()], [0, 2, 2]);
});

Deno.test("FaultySink.heal() takes back every fault", async () => {
  const sink = new FaultySink(new MemorySink());
  sink.failBeforeCommit(Infinity, setupError);
  sink.failAfterCommit(Infinity);
  sink.delay(60_000);
  const release = sink.hang();
  sink.heal();
  assertEquals((await sink.write(batch("a")))[0].status, "committed");
  release();
});
