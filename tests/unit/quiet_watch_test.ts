import { assertEquals } from "@std/assert";
import type { Client } from "@temporalio/client";
import { setImmediate } from "node:timers";
import { QuietTurns, QuietWatch } from "../../src/client/quiet_watch.ts";

/** A watch with a clock that a test moves, and a server that says what the test wants. */
class Bench {
  now = 1_000;
  /** What the server says; an error is thrown. */
  says: string | Error | Promise<string> = "";
  asked = 0;
  answered = 0;
  readonly warnings: string[] = [];
  readonly watch: QuietWatch;

  constructor() {
    const client = { withDeadline: (_: number, ask: () => Promise<string>) => ask() } as unknown as Client;
    const ask = async () => {
      this.asked++;
      const said = await this.says;
      if (said instanceof Error) throw said;
      return said;
    };
    this.watch = new QuietWatch(
      { client, ask, answered: () => this.answered, onWarning: (message) => this.warnings.push(message) },
      () => this.now,
    );
  }

  /** Lets time go by, as a writer's timer does. */
  async wait(ms: number, answered = 0): Promise<void> {
    this.answered = answered;
    for (const end = this.now + ms; this.now < end;) {
      this.now = Math.min(this.now + 250, end);
      if (this.watch.isDue()) this.watch.ask();
      await settled();
    }
  }
}

/** Waits until what was answered has been looked at. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

Deno.test("QuietWatch asks after three seconds without an answer, and then every five", async () => {
  const bench = new Bench();
  bench.watch.begin();
  await bench.wait(3_000);
  assertEquals(bench.asked, 0);
  await bench.wait(250);
  assertEquals(bench.asked, 1);
  await bench.wait(4_750);
  assertEquals(bench.asked, 1);
  await bench.wait(250);
  assertEquals(bench.asked, 2);
});

Deno.test("QuietWatch asks nothing while answers come", async () => {
  const bench = new Bench();
  bench.watch.begin();
  for (let answered = 1; answered <= 10; answered++) await bench.wait(2_000, answered);
  assertEquals(bench.asked, 0);
});

Deno.test("QuietWatch tells a problem once, and another one as well", async () => {
  const bench = new Bench();
  bench.says = "no worker";
  bench.watch.begin();
  await bench.wait(20_000);
  assertEquals([bench.warnings, bench.watch.problem], [["no worker"], "no worker"]);
  bench.says = "the task fails";
  await bench.wait(6_000);
  assertEquals([bench.warnings, bench.watch.problem], [["no worker", "the task fails"], "the task fails"]);
});

Deno.test("QuietWatch forgets a problem with the next answer, and tells it again when it is back", async () => {
  const bench = new Bench();
  bench.says = "no worker";
  bench.watch.begin();
  await bench.wait(4_000);
  await bench.wait(50, 1);
  assertEquals(bench.watch.problem, "");
  await bench.wait(10_000, 1);
  assertEquals(bench.warnings, ["no worker", "no worker"]);
});

Deno.test("QuietWatch.begin() forgets a problem that ended without an answer, and the next one is told", async () => {
  const bench = new Bench();
  bench.says = "no worker";
  bench.watch.begin();
  await bench.wait(4_000);
  bench.now += 60_000;
  bench.watch.begin();
  assertEquals(bench.watch.problem, "");
  await bench.wait(4_000);
  assertEquals(bench.warnings, ["no worker", "no worker"]);
});

Deno.test("QuietWatch believes no answer of the server that others have overtaken", async () => {
  const bench = new Bench();
  const { promise, resolve } = Promise.withResolvers<string>();
  bench.says = promise;
  bench.watch.begin();
  await bench.wait(3_250);
  await bench.wait(50, 1);
  resolve("no worker");
  await settled();
  assertEquals([bench.asked, bench.warnings, bench.watch.problem], [1, [], ""]);
});

Deno.test("QuietWatch knows what it knew if the server cannot be asked", async () => {
  const bench = new Bench();
  bench.says = "no worker";
  bench.watch.begin();
  await bench.wait(4_000);
  bench.says = new Error("UNAVAILABLE");
  await bench.wait(10_000);
  assertEquals([bench.asked, bench.warnings, bench.watch.problem], [3, ["no worker"], "no worker"]);
});

Deno.test("QuietWatch.begin() starts no clock: writes may gather in a window for long", async () => {
  const bench = new Bench();
  bench.watch.begin();
  bench.now += 20_000;
  await bench.wait(3_000);
  assertEquals(bench.asked, 0);
  await bench.wait(250);
  assertEquals(bench.asked, 1);
});

Deno.test("QuietTurns has one of many watches ask at a time, twice a second, and each in its turn", async () => {
  let now = 0;
  const asked: number[] = [];
  let answers = Promise.resolve("");
  const client = { withDeadline: (_: number, ask: () => Promise<string>) => ask() } as unknown as Client;
  const watches = Array.from({ length: 64 }, (_, i) => {
    const ask = () => {
      asked.push(i);
      return answers;
    };
    return new QuietWatch({ client, ask, answered: () => 0, onWarning: () => {} }, () => now);
  });
  const turns = new QuietTurns(() => now);
  const wait = async (ms: number) => {
    for (const end = now + ms; now < end; now += 50) {
      turns.check(watches);
      await settled();
    }
  };
  await wait(3_000 + 64 * 500);
  assertEquals(asked, watches.map((_, i) => i));
  const { promise, resolve } = Promise.withResolvers<string>();
  answers = promise;
  await wait(5_000);
  assertEquals(asked.length, 65);
  resolve("");
  await settled();
  await wait(500);
  assertEquals(asked.length, 66);
});
