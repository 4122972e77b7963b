import { assertEquals, assertLess } from "@std/assert";
import { LIMITS } from "../../src/protocol/limits.ts";
import { HeldDeliveries } from "./held_deliveries.ts";

/** Ends a load that should have been ended long before. */
const LOAD_MAX = 5_000;

Deno.test("Coalescer.push() sends what one turn of the event loop brings in one delivery, in order", async () => {
  const bench = new HeldDeliveries();
  const waits = ["a", "b", "c"].map((id) => bench.push(id));
  (await bench.delivery(0)).answer();
  assertEquals((await Promise.all(waits)).map(({ requestId }) => requestId), ["a", "b", "c"]);
  assertEquals(bench.ids, [["a", "b", "c"]]);
});

Deno.test("Coalescer keeps one delivery in flight; everything that comes meanwhile goes into the next", async () => {
  const bench = new HeldDeliveries();
  bench.push("a");
  const first = await bench.delivery(0);
  for (const id of ["b", "c", "d"]) bench.push(id);
  first.answer();
  const second = await bench.delivery(1);
  bench.push("e");
  second.answer();
  (await bench.delivery(2)).answer();
  await bench.coalescer.drain();
  assertEquals(bench.ids, [["a"], ["b", "c", "d"], ["e"]]);
  assertEquals(bench.inFlightMax, 1);
});

Deno.test("Coalescer puts no more than writesMax calls into a delivery", async () => {
  const bench = new HeldDeliveries({ writesMax: 2 });
  bench.auto = true;
  await Promise.all(["a", "b", "c", "d", "e"].map((id) => bench.push(id)));
  assertEquals(bench.ids, [["a", "b"], ["c", "d"], ["e"]]);
});

Deno.test("Coalescer puts no more than bytesMax into a delivery, unless one call alone is larger", async () => {
  const bench = new HeldDeliveries({ bytesMax: 25 + 2 * LIMITS.headerBytesPerWrite });
  bench.auto = true;
  await Promise.all([bench.push("a"), bench.push("b"), bench.push("c"), bench.push("d", 90), bench.push("e", 25)]);
  assertEquals(bench.ids, [["a", "b"], ["c"], ["d"], ["e"]]);
});

Deno.test("Coalescer loses no call that is pushed in the turn in which the last one is answered", async () => {
  const bench = new HeldDeliveries();
  bench.auto = true;
  const chain = async (name: string) => {
    for (let n = 0; n < 20; n++) {
      // At other points of the turn, too: in a microtask, and after a few of them.
      for (let hop = 0; hop < n % 4; hop++) await Promise.resolve();
      await bench.push(`${name}${n}`);
    }
  };
  await Promise.all(["a", "b", "c"].map(chain));
  assertEquals(bench.ids.flat().length, 60);
  assertEquals(new Set(bench.ids.flat()).size, 60);
  assertEquals(bench.inFlightMax, 1);
});

Deno.test("Coalescer drops calls that nobody waits for any more, and reports them", async () => {
  const bench = new HeldDeliveries();
  bench.push("a");
  const first = await bench.delivery(0);
  const gone = bench.makeCall("gone");
  const abort = new AbortController();
  const stopped = gone.wait(1_000, abort.signal).catch(() => "stopped");
  bench.coalescer.push(gone);
  bench.push("b");
  abort.abort();
  assertEquals(await stopped, "stopped");
  first.answer();
  (await bench.delivery(1)).answer();
  await bench.coalescer.drain();
  assertEquals(bench.ids, [["a"], ["b"]]);
  assertEquals(bench.dropped, ["gone"]);
});

Deno.test("Coalescer sends nothing if nobody waits for anything any more", async () => {
  const bench = new HeldDeliveries();
  bench.coalescer.push(bench.makeCall("gone"));
  await bench.coalescer.drain();
  assertEquals(bench.ids, []);
  assertEquals(bench.dropped, ["gone"]);
});

Deno.test("Coalescer starts again after it had nothing to do", async () => {
  const bench = new HeldDeliveries();
  bench.auto = true;
  for (const id of ["a", "b", "c"]) {
    bench.push(id);
    await bench.coalescer.drain();
  }
  assertEquals(bench.ids, [["a"], ["b"], ["c"]]);
});

Deno.test("Coalescer.drain() returns at once where nothing waits", async () => {
  const bench = new HeldDeliveries();
  await bench.coalescer.drain();
  assertEquals(bench.ids, []);
});

Deno.test("Coalescer.drain() waits for what is in flight and for what waits behind it", async () => {
  const bench = new HeldDeliveries({ writesMax: 1 });
  const settled: string[] = [];
  for (const id of ["a", "b", "c"]) bench.push(id).then(() => settled.push(id));
  const first = await bench.delivery(0);
  const drained = bench.coalescer.drain().then(() => [...settled]);
  first.answer();
  (await bench.delivery(1)).answer();
  (await bench.delivery(2)).answer();
  assertEquals(await drained, ["a", "b", "c"]);
});

Deno.test("Coalescer.drain() does not wait for a delivery that nobody waits for any more", async () => {
  const bench = new HeldDeliveries();
  const abort = new AbortController();
  const call = bench.makeCall("a");
  const stopped = call.wait(1_000, abort.signal).catch(() => "stopped");
  bench.coalescer.push(call);
  const held = await bench.delivery(0);
  const drained = bench.coalescer.drain();
  abort.abort();
  await drained;
  assertEquals([await stopped, bench.inFlight], ["stopped", 1]);
  held.answer();
  await bench.coalescer.ended();
  assertEquals(bench.inFlight, 0);
});

Deno.test("Coalescer.dropAbandoned() makes room behind a delivery that hangs", async () => {
  const bench = new HeldDeliveries();
  bench.push("a");
  const held = await bench.delivery(0);
  const last = bench.push("b");
  for (const id of ["c", "d"]) bench.coalescer.push(bench.makeCall(id));
  bench.coalescer.dropAbandoned();
  assertEquals(bench.dropped, ["c", "d"]);
  held.answer();
  (await bench.delivery(1)).answer();
  await last;
  assertEquals(bench.ids, [["a"], ["b"]]);
});

Deno.test("Coalescer.drain() does not wait for ever where others go on writing", async () => {
  const bench = new HeldDeliveries();
  bench.auto = true;
  let writing = true;
  const load = (async () => {
    let count = 0;
    while (writing && count < LOAD_MAX) await bench.push(`${count++}`);
    return count;
  })();
  await bench.coalescer.drain();
  writing = false;
  assertLess(await load, LOAD_MAX);
});
