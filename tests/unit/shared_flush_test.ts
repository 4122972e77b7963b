import { assertEquals, assertRejects } from "@std/assert";
import { shareFlushes } from "../../src/lab/compare/variants/shared_flush.ts";
import { RowFault } from "../../src/sinks/isolate.ts";

/** Takes batches down and answers each when it is told to. */
class HeldInserts {
  readonly batches: string[][] = [];
  readonly #answers: PromiseWithResolvers<void>[] = [];
  #arrived = Promise.withResolvers<void>();

  readonly insert = (_batchId: string, rows: readonly { requestId: string }[]): Promise<void> => {
    this.batches.push(rows.map(({ requestId }) => requestId));
    const answer = Promise.withResolvers<void>();
    this.#answers.push(answer);
    this.#arrived.resolve();
    return answer.promise;
  };

  /** Waits for the next batch and answers it. */
  async answer(error?: Error): Promise<void> {
    while (this.#answers.length === 0) {
      this.#arrived = Promise.withResolvers();
      await this.#arrived.promise;
    }
    const answer = this.#answers.shift()!;
    if (error) answer.reject(error);
    else answer.resolve();
  }
}

function row(requestId: string) {
  return { requestId, data: "1" };
}

Deno.test("shareFlushes() takes what arrives during a flush into the next one", async () => {
  const held = new HeldInserts();
  const store = shareFlushes(held.insert, { size: 100, windowMs: 0 });
  const first = [store(row("a")), store(row("b"))];
  const answered = held.answer();
  await answered;
  const [batchId] = await Promise.all(first);
  const second = store(row("c"));
  await held.answer();
  assertEquals(held.batches, [["a", "b"], ["c"]]);
  assertEquals(await first[1], batchId);
  assertEquals(await second === batchId, false);
});

Deno.test("shareFlushes() takes no more than its size", async () => {
  const held = new HeldInserts();
  const store = shareFlushes(held.insert, { size: 2, windowMs: 0 });
  const stored = ["a", "b", "c"].map((id) => store(row(id)));
  await held.answer();
  await held.answer();
  await Promise.all(stored);
  assertEquals(held.batches, [["a", "b"], ["c"]]);
});

Deno.test("shareFlushes() with a window flushes at once when it is full", async () => {
  const held = new HeldInserts();
  const store = shareFlushes(held.insert, { size: 2, windowMs: 600_000 });
  const stored = [store(row("a")), store(row("b"))];
  await held.answer();
  await Promise.all(stored);
  assertEquals(held.batches, [["a", "b"]]);
});

Deno.test("shareFlushes() with a window flushes what there is at its end", async () => {
  const held = new HeldInserts();
  const stored = shareFlushes(held.insert, { size: 2, windowMs: 20 })(row("a"));
  await held.answer();
  await stored;
  assertEquals(held.batches, [["a"]]);
});

Deno.test("shareFlushes() fails one row alone that the database refuses", async () => {
  const held = new HeldInserts();
  const store = shareFlushes(held.insert, { size: 100, windowMs: 0 });
  const good = store(row("good"));
  const bad = assertRejects(() => store(row("bad")), RowFault, "refused");
  const refused = new RowFault("SQLITE_CONSTRAINT_CHECK", "refused");
  await held.answer(refused);
  await held.answer();
  await held.answer(refused);
  await Promise.all([good, bad]);
  assertEquals(held.batches, [["good", "bad"], ["good"], ["bad"]]);
});

Deno.test("shareFlushes() fails every row of a flush that failed, and goes on", async () => {
  const held = new HeldInserts();
  const store = shareFlushes(held.insert, { size: 100, windowMs: 0 });
  const failed = ["a", "b"].map((id) => assertRejects(() => store(row(id)), Error, "away"));
  await held.answer(new Error("away"));
  await Promise.all(failed);
  const next = store(row("c"));
  await held.answer();
  await next;
  assertEquals(held.batches, [["a", "b"], ["c"]]);
});
