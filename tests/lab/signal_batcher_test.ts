/** The rival behaves as the original: what it does well and what it does not. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { SignalBatcherInput } from "../../src/lab/protocol/signal_messages.ts";
import { eventually } from "../support/eventually.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import type { SignalSystem } from "../support/signal_system.ts";

/** Longer than any test. */
const NEVER_MS = 600_000;

async function open(lab: Lab, input: SignalBatcherInput): Promise<SignalSystem> {
  return await (await import("../support/signal_system.ts")).SignalSystem.open(lab, input);
}

async function untilStored(system: SignalSystem, count: number): Promise<void> {
  await eventually(`${count} rows`, async () => (await system.stored()).length >= count);
}

labTests({}, [
  ["signalBatcher() flushes all that is pending once that is its size: a trigger and no cap", async (lab) => {
    await using system = await open(lab, { size: 3, windowMs: NEVER_MS });
    const ids = ["a1", "a2", "a3", "a4", "a5"];
    await system.request(...ids);
    await system.work();
    await untilStored(system, 5);
    assertEquals(system.tried, [ids]);
    assertEquals(await system.stored(), ids);
  }],

  ["signalBatcher() flushes fewer than its size after its window", async (lab) => {
    await using system = await open(lab, { size: 100, windowMs: 100 });
    await system.work();
    await system.request("b1");
    await untilStored(system, 1);
    assertEquals(system.tried, [["b1"]]);
  }],

  ["signalBatcher() ignores an id while it is pending, and stores it again after that", async (lab) => {
    await using system = await open(lab, { size: 3, windowMs: NEVER_MS });
    await system.work();
    await system.request("c1", "c1", "c2");
    const { pending_writes, processed_request_ids_count, session_signals_received } = await system.stats();
    assertEquals([pending_writes, processed_request_ids_count, session_signals_received], [2, 2, 2]);
    assert(await system.knows("c1"));
    await system.request("c3");
    await eventually("the ids are forgotten", async () => !await system.knows("c1"));
    await system.request("c1", "c4", "c5");
    await untilStored(system, 6);
    assertEquals(system.tried, [["c1", "c2", "c3"], ["c1", "c4", "c5"]]);
    assertEquals((await system.stored()).filter((id) => id === "c1").length, 2);
  }],

  ["signalBatcher() takes a failed batch back and keeps its ids", async (lab) => {
    await using system = await open(lab, { size: 2, windowMs: NEVER_MS });
    system.failures = 3;
    await system.work();
    await system.request("d1", "d2");
    await eventually("an attempt", async () => await Promise.resolve(system.tried.length > 0));
    await system.request("d1", "d3");
    await untilStored(system, 3);
    assertEquals(system.tried.slice(0, 3), [["d1", "d2"], ["d1", "d2"], ["d1", "d2"]]);
    // What failed comes after what arrived meanwhile.
    assertEquals(system.tried.slice(3), [["d3", "d1", "d2"]]);
    await eventually("one batch is counted", async () => (await system.stats()).processed_batches === 1);
  }],

  ["signalBatcher() confirms to others when one caller is not there", async (lab) => {
    await using system = await open(lab, { size: 2, windowMs: NEVER_MS });
    await system.work();
    await system.request("e1");
    const caller = await system.transaction();
    assertEquals((await caller.result()).batchId, "batch-1");
    // It goes on after a confirmation that was not delivered.
    await system.request("e2", "e3");
    await eventually("the next batch", async () => (await system.stats()).processed_batches === 2);
  }],

  ["signalBatcher() with more than ten sizes pending flushes and continues as new", async (lab) => {
    await using system = await open(lab, { size: 1, windowMs: NEVER_MS });
    const { runId } = await system.batcher.describe();
    const ids = Array.from({ length: 11 }, (_, n) => `f${n}`);
    await system.request(...ids);
    await system.work();
    await eventually("a new run", async () => (await system.batcher.describe()).runId !== runId);
    assertEquals(system.tried, [ids]);
    const { continue_as_new_cycle, processed_batches, pending_writes, batch_size_limit } = await system.stats();
    assertEquals([continue_as_new_cycle, processed_batches, pending_writes, batch_size_limit], [1, 1, 0, 1]);
    await system.request("f11");
    await untilStored(system, 12);
  }],

  ["signalBatcher() after ten runs in a row flushes first and counts anew", async (lab) => {
    const pending = { workflow_id: "w", data: 1, requesting_workflow: "nobody", received_at: "", batch_sequence: 0 };
    const state = {
      pending_writes: [{ ...pending, request_id: "g1" }],
      processed_batches_count: 7,
      processed_request_ids: ["g1"],
      continue_as_new_count: 10,
    };
    await using system = await open(lab, { size: 100, windowMs: NEVER_MS, state });
    await system.work();
    await untilStored(system, 1);
    await eventually("the counter", async () => (await system.stats()).continue_as_new_cycle === 0);
    assertEquals((await system.stats()).processed_batches, 8);
  }],

  ["signalBatcher() ignores what is no request, and makes up an id where there is none", async (lab) => {
    await using system = await open(lab, { size: 2, windowMs: NEVER_MS });
    await system.work();
    await system.signal("a text");
    await system.signal([1]);
    await system.signal({ workflow_id: "w", requesting_workflow: "w" });
    assertEquals((await system.stats()).pending_writes, 0);
    const request = { workflow_id: "w", data: { n: 1 }, requesting_workflow: "nobody" };
    await system.signal(request);
    await eventually("it is pending", async () => (await system.stats()).pending_writes === 1);
    await system.signal({ ...request, data: { n: 2 } });
    await untilStored(system, 2);
    const [first, second] = system.tried[0];
    assertMatch(first, /^w-[0-9a-f]{8}$/);
    assertNotEquals(first, second);
  }],
]);
