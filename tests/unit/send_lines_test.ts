import { assertEquals, assertGreater, assertLess } from "@std/assert";
import type { ReadWrite } from "../../src/cli/input.ts";
import { sendLines, type SendLinesOptions } from "../../src/cli/send_lines.ts";
import { WriteTally } from "../../src/cli/write_tally.ts";
import { WriteConfirmationTimeoutError } from "../../src/protocol/failures.ts";
import type { Receipt, Write } from "../../src/protocol/write.ts";

const turn = () => new Promise((resolve) => setTimeout(resolve, 2));

async function* inputOf(count: number): AsyncGenerator<ReadWrite> {
  for (let line = 1; line <= count; line++) yield { write: { requestId: `${line}`, data: line }, line, bytes: 10 };
}

/** Sends lines through a writer that answers those from `answeredFrom` on, and lets the others time out. */
async function send(source: AsyncIterable<ReadWrite>, answeredFrom: number, options: Partial<SendLinesOptions> = {}) {
  const said: string[] = [];
  const sent: string[] = [];
  const write = async ({ requestId }: Write, { signal }: { signal?: AbortSignal } = {}): Promise<Receipt> => {
    sent.push(requestId);
    await turn();
    signal?.throwIfAborted();
    if (Number(requestId) < answeredFrom) throw new WriteConfirmationTimeoutError("no answer", "unknown");
    return { requestId, status: "committed", batchId: "b", committedAt: "2026-01-01T00:00:00.000Z" };
  };
  const ended = await sendLines(source, {
    writer: { write },
    concurrency: 10,
    stopAfter: 3,
    tally: new WriteTally(),
    receipts: { keep: () => Promise.resolve() },
    progress: { add: () => {} },
    signal: new AbortController().signal,
    say: (message) => said.push(message),
    ...options,
  });
  return { ended, said, sent };
}

Deno.test("sendLines() goes on after one Update that was slow, however many lines were in it", async () => {
  const { ended, said, sent } = await send(inputOf(50), 11);
  assertEquals([ended, sent.length, said.length], [{}, 50, 1]);
});

Deno.test("sendLines() stops after some rounds in a row without an answer", async () => {
  const { ended, said, sent } = await send(inputOf(1_000), Infinity);
  assertEquals(said.at(-1), "Stopping: 3 rounds in a row got no answer in time");
  assertEquals(ended, { stoppedAfter: sent.length });
  assertGreater(sent.length, 20);
  assertLess(sent.length, 100);
});

Deno.test("sendLines() does not speak of lines that there are not", async () => {
  for (const [lines, concurrency, stopAfter] of [[5, 10, 1], [5, 5, 1], [10, 5, 2]]) {
    const { ended, said } = await send(inputOf(lines), Infinity, { concurrency, stopAfter });
    assertEquals([ended, said.length], [{}, 2], `${lines} lines, ${concurrency} at once`);
  }
});

Deno.test("sendLines() does speak of a line that is still to come, and of one that found no room", async () => {
  const abort = new AbortController();
  async function* open() {
    yield* inputOf(2);
    setTimeout(() => abort.abort(), 10);
    await new Promise(() => {});
  }
  assertEquals((await send(open(), 0, { signal: abort.signal })).ended, { stoppedAfter: 2 });
  async function* large() {
    for await (const line of inputOf(2)) yield { ...line, bytes: 30 * 1024 * 1024 };
  }
  const early = new AbortController();
  setTimeout(() => early.abort());
  assertEquals((await send(large(), 0, { signal: early.signal })).ended, { stoppedAfter: 1 });
});

Deno.test("sendLines() sends no more once a receipt cannot be kept, and does not call that a bad line", async () => {
  const full = new Error("the disk is full");
  const receipts = { keep: () => Promise.reject(full) };
  const { ended, sent } = await send(inputOf(50), 0, { receipts });
  assertEquals([ended, sent.length], [{ stoppedAfter: 10, lostReceipt: full }, 10]);
});
