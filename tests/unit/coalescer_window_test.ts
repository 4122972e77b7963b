import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { HeldDeliveries } from "./held_deliveries.ts";

/** So long that no test lives to see the end of it. */
const LONG_WINDOW_MS = 3_600_000;

/** Gives a coalescer every chance to send what it should hold. */
async function turns(count = 10): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise<void>((resolve) => setImmediate(resolve));
}

Deno.test("Coalescer holds calls until the window ends, and sends them together", async () => {
  const bench = new HeldDeliveries({ windowMs: 50 });
  bench.push("a");
  await turns(3);
  bench.push("b");
  const first = await bench.delivery(0);
  bench.push("c");
  first.answer();
  (await bench.delivery(1)).answer();
  await bench.coalescer.drain();
  // Where a window ended between the two pushes the second of them is in the next one: never lost, never out of order.
  assertEquals(bench.ids.flat(), ["a", "b", "c"]);
  assertEquals(bench.inFlightMax, 1);
});

Deno.test("Coalescer sends nothing before the window ends", async () => {
  const bench = new HeldDeliveries({ windowMs: LONG_WINDOW_MS });
  bench.auto = true;
  bench.push("a");
  await turns();
  bench.push("b");
  await turns();
  assertEquals(bench.ids, []);
  await bench.coalescer.drain();
  assertEquals(bench.ids, [["a", "b"]]);
});

Deno.test("Coalescer does not wait for the end of a window once there are writesMax calls", async () => {
  const bench = new HeldDeliveries({ windowMs: LONG_WINDOW_MS, writesMax: 3 });
  bench.auto = true;
  for (const id of ["a", "b", "c", "d"]) bench.push(id);
  await turns();
  assertEquals(bench.ids, [["a", "b", "c"]]);
  await bench.coalescer.drain();
  assertEquals(bench.ids, [["a", "b", "c"], ["d"]]);
});

Deno.test("Coalescer does not wait for the end of a window once there are bytesMax bytes", async () => {
  const bench = new HeldDeliveries({ windowMs: LONG_WINDOW_MS, bytesMax: 100 });
  bench.auto = true;
  for (const id of ["a", "b", "c", "d", "e"]) bench.push(id, 10);
  await turns();
  assertEquals(bench.ids, [["a", "b"], ["c", "d"]]);
  await bench.coalescer.drain();
  assertEquals(bench.ids, [["a", "b"], ["c", "d"], ["e"]]);
});

Deno.test("Coalescer fills a window that is running already", async () => {
  const bench = new HeldDeliveries({ windowMs: LONG_WINDOW_MS, writesMax: 2 });
  bench.auto = true;
  bench.push("a");
  await turns();
  bench.push("b");
  await turns();
  assertEquals(bench.ids, [["a", "b"]]);
});

Deno.test("Coalescer.drain() ends a window, and the next calls wait for the end of theirs again", async () => {
  const bench = new HeldDeliveries({ windowMs: LONG_WINDOW_MS });
  bench.auto = true;
  bench.push("a");
  await turns();
  await bench.coalescer.drain();
  bench.push("b");
  await turns();
  assertEquals(bench.ids, [["a"]]);
  await bench.coalescer.drain();
  assertEquals(bench.ids, [["a"], ["b"]]);
});

Deno.test("Coalescer.drain() ends the window of a call that was pushed in the same turn", async () => {
  const bench = new HeldDeliveries({ windowMs: LONG_WINDOW_MS });
  bench.auto = true;
  bench.push("a");
  await bench.coalescer.drain();
  assertEquals(bench.ids, [["a"]]);
});

Deno.test("Coalescer sends at once what came before the window ended, if an Update held it up until after that", async () => {
  const realNow = Date.now;
  const windowStart = Math.floor(realNow() / LONG_WINDOW_MS) * LONG_WINDOW_MS;
  let now = windowStart + 1_000;
  Date.now = () => now;
  try {
    const bench = new HeldDeliveries({ windowMs: LONG_WINDOW_MS });
    bench.push("a");
    const drained = bench.coalescer.drain();
    const first = await bench.delivery(0);
    bench.push("b");
    now = windowStart + LONG_WINDOW_MS + 1;
    first.answer();
    await drained;
    (await bench.delivery(1)).answer();
    await turns();
    bench.push("c");
    await turns();
    assertEquals(bench.ids, [["a"], ["b"]]);
    bench.auto = true;
    await bench.coalescer.drain();
    assertEquals(bench.ids, [["a"], ["b"], ["c"]]);
  } finally {
    Date.now = realNow;
  }
});
