/** Where a sender goes when a batcher has no place for its writer. */
import { assertEquals, assertObjectMatch } from "@std/assert";
import { fnv1a32 } from "../../src/protocol/fnv1a.ts";
import type { BatcherInput } from "../../src/protocol/messages.ts";
import { resolveBatchingOptions } from "../../src/protocol/options.ts";
import { permittedTest } from "../support/permitted.ts";
import { Calls, committed, courierWith } from "./scripted_client.ts";

/** The lanes that a crowd's writer of this id goes to: one of each sixteen after the first. */
const CROWD_LANES = [0, 1, 2].map((leap) => 1 + 16 * leap + fnv1a32(`${leap}/writer`) % 16);

/** A lease that has lapsed whenever it is looked at. */
const NO_LEASE = { ...resolveBatchingOptions(), writerLeaseMs: 0 };

permittedTest("UpdateSender.deliver() goes on to the next lane with the same writes and a new Update id", async () => {
  const { client, sender, counters } = await courierWith(({ updateFailed, application }) => [
    updateFailed(application("LaneFull")),
    updateFailed(application("LaneFull")),
    committed(2),
  ]);
  const calls = new Calls(["a", "b"], { a: "key" });
  await sender.deliver(calls.calls);
  assertEquals(await calls.results(), { a: "committed", b: "committed" });
  assertEquals(client.batchers, ["batcher/0/0", "batcher/0/1", "batcher/0/2"]);
  assertEquals(client.updateIds, [0, 1, 2]);
  const [{ header, lines }] = client.updates;
  for (const update of client.updates) assertEquals([update.header, update.lines], [header, lines]);
  assertObjectMatch(counters, { updates: 3, laneMoves: 2, retries: 0, capErrors: 0, overloads: 0, answeredWrites: 2 });
});

permittedTest("UpdateSender.deliver() stays in the lane that let it in", async () => {
  const { client, sender } = await courierWith(({ updateFailed, application, grpc, service }) => [
    updateFailed(application("LaneFull")),
    committed(1),
    service(grpc("UNAVAILABLE")),
    updateFailed(application("Overloaded", { retryAfterMs: 1 })),
    committed(1),
  ]);
  assertEquals(sender.workflowId, undefined);
  for (const id of ["a", "b"]) await sender.deliver(new Calls([id]).calls);
  assertEquals(client.batchers.slice(1), Array(4).fill("batcher/0/1"));
  assertEquals(sender.workflowId, "batcher/0/1");
});

permittedTest("UpdateSender.deliver() starts the batcher of each lane that it comes to", async () => {
  const { client, sender, counters } = await courierWith(({ updateFailed, application }) => [
    updateFailed(application("LaneFull")),
    committed(1),
  ]);
  await sender.deliver(new Calls(["a"]).calls);
  const started = client.starts.map((start) => (start as { workflowId: string }).workflowId);
  assertEquals(started, ["batcher/0/0", "batcher/0/1"]);
  const endsWhenIdle = client.starts.map((start) => (start as { args: [BatcherInput] }).args[0].endsWhenIdle);
  assertEquals(endsWhenIdle, [undefined, true]);
  assertObjectMatch(counters, { starts: 2, laneMoves: 1 });
});

permittedTest(
  "UpdateSender.deliver() leaves a lane whose server lets newcomers go, and waits once it is let in",
  async () => {
    const { client, sender, counters } = await courierWith(({ service, aborted }) => [
      service(aborted()),
      committed(1),
      service(aborted()),
      committed(1),
    ]);
    for (const id of ["a", "b"]) {
      const calls = new Calls([id]);
      await sender.deliver(calls.calls);
      assertEquals(await calls.results(), { [id]: "committed" });
    }
    assertEquals(client.batchers, [0, ...Array(3).fill(CROWD_LANES[0])].map((lane) => `batcher/0/${lane}`));
    assertObjectMatch(counters, { laneMoves: 1, retries: 2, capErrors: 0 });
  },
);

permittedTest("UpdateSender.deliver() leaves a crowd for a lane by its id, and goes on from there", async () => {
  const { client, sender, counters } = await courierWith(({ service, exhausted, updateFailed, application }) => [
    service(exhausted("CONCURRENT_LIMIT")),
    service(exhausted("CONCURRENT_LIMIT")),
    updateFailed(application("LaneFull")),
    committed(1),
  ]);
  const calls = new Calls(["a"]);
  await sender.deliver(calls.calls);
  assertEquals(await calls.results(), { a: "committed" });
  const lanes = [0, ...CROWD_LANES];
  assertEquals(client.batchers, lanes.map((lane) => `batcher/0/${lane}`));
  assertEquals(client.updateIds, [0, 1, 2, 3]);
  assertObjectMatch(counters, { capErrors: 2, laneMoves: 3, retries: 0 });
});

permittedTest("UpdateSender.deliver() waits for room in the lane that has let it in before", async () => {
  const { client, sender, counters } = await courierWith(({ service, exhausted }) => [
    committed(1),
    service(exhausted("CONCURRENT_LIMIT")),
    service(exhausted("CONCURRENT_LIMIT")),
    committed(1),
  ]);
  for (const id of ["a", "b"]) {
    const calls = new Calls([id]);
    await sender.deliver(calls.calls);
    assertEquals(await calls.results(), { [id]: "committed" });
  }
  assertEquals(client.batchers, Array(4).fill("batcher/0/0"));
  assertEquals(client.updateIds, [0, 1, 1, 1]);
  assertObjectMatch(counters, { capErrors: 2, laneMoves: 0 });
});

permittedTest("UpdateSender.deliver() that has lost its place is a newcomer where it goes next", async () => {
  const { client, sender } = await courierWith(({ service, exhausted, updateFailed, application }) => [
    committed(1),
    updateFailed(application("LaneFull")),
    service(exhausted("CONCURRENT_LIMIT")),
    committed(1),
  ]);
  for (const id of ["a", "b"]) await sender.deliver(new Calls([id]).calls);
  const lanes = [0, 0, 1, 1 + CROWD_LANES[0]];
  assertEquals(client.batchers, lanes.map((lane) => `batcher/0/${lane}`));
});

permittedTest("UpdateSender.deliver() begins at the first lane again after it was silent for a lease", async () => {
  const { client, sender } = await courierWith(
    ({ updateFailed, application }) => [updateFailed(application("LaneFull")), committed(1), committed(1)],
    { batching: NO_LEASE },
  );
  await sender.deliver(new Calls(["a"]).calls);
  await sender.deliver(new Calls(["b"]).calls);
  assertEquals(client.batchers, ["batcher/0/0", "batcher/0/1", "batcher/0/0"]);
  assertEquals(sender.workflowId, "batcher/0/0");
});

permittedTest("UpdateSender.deliver() does not take tries without an answer for silence", async () => {
  const realNow = performance.now;
  // A whole number, as sums of fractions come out a little less now and then.
  let nowMs = Math.ceil(realNow.call(performance));
  performance.now = () => nowMs;
  try {
    const unanswered = new Calls(["b"]);
    const { client, sender } = await courierWith(({ updateFailed, application, grpc, service }) => [
      updateFailed(application("LaneFull")),
      committed(1),
      () => {
        unanswered.abandon("b");
        return service(grpc("UNAVAILABLE"));
      },
      committed(1),
      committed(1),
    ]);
    const { writerLeaseMs } = resolveBatchingOptions();
    const batchers: string[] = [];
    for (const calls of [new Calls(["a"]), unanswered, new Calls(["c"])]) {
      await sender.deliver(calls.calls);
      batchers.push(client.batchers.at(-1)!);
      nowMs += writerLeaseMs - 1;
    }
    // What it may have left behind in that lane must not be overtaken in another one.
    assertEquals(batchers, Array(3).fill("batcher/0/1"));
    nowMs += 1;
    await sender.deliver(new Calls(["d"]).calls);
    assertEquals(client.batchers.at(-1), "batcher/0/0");
  } finally {
    performance.now = realNow;
  }
});

permittedTest("UpdateSender counts together with those that share its counters", async () => {
  const first = await courierWith(({ updateFailed, application }) => [
    updateFailed(application("LaneFull")),
    committed(1),
  ]);
  const second = await courierWith(({ grpc, service }) => [service(grpc("UNAVAILABLE")), committed(2)], {
    counters: first.counters,
  });
  await Promise.all([
    first.sender.deliver(new Calls(["a"]).calls),
    second.sender.deliver(new Calls(["b", "c"]).calls),
  ]);
  assertObjectMatch(first.counters, { updates: 4, answeredWrites: 3, laneMoves: 1, retries: 1 });
});
