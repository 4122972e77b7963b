import { assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { takeSnapshot } from "../../src/core/snapshot.ts";
import { SettledWindow } from "../../src/core/settled_window.ts";
import { LIMITS, SERVER_LIMITS } from "../../src/protocol/limits.ts";
import { DIGEST_CHARS } from "../../src/protocol/digests.ts";
import { batcherWorkflowId } from "../../src/protocol/names.ts";
import { resolveBatchingOptions } from "../../src/protocol/options.ts";

Deno.test("LIMITS are positive whole numbers", () => {
  for (const [name, value] of [...Object.entries(LIMITS), ...Object.entries(SERVER_LIMITS)]) {
    assertEquals([name, Number.isSafeInteger(value) && value > 0], [name, true]);
  }
});

Deno.test("LIMITS.requestIdCharsMax holds the default id of a write of the longest workflow id", () => {
  const workflowId = "w".repeat(SERVER_LIMITS.workflowIdCharsMax);
  const requestId = `${workflowId}/${crypto.randomUUID()}/${Number.MAX_SAFE_INTEGER}`;
  assertLessOrEqual(requestId.length, LIMITS.requestIdCharsMax);
});

Deno.test("LIMITS.batcherNameBytesMax leaves room for every shard and lane in a workflow id", () => {
  const name = "n".repeat(LIMITS.batcherNameBytesMax);
  const workflowId = batcherWorkflowId(name, LIMITS.shardsMax - 1, 999_999_999_999);
  assertLessOrEqual(workflowId.length, SERVER_LIMITS.workflowIdCharsMax);
});

Deno.test("LIMITS leave room for an Update and for a durable flush in what the server takes", () => {
  assertLessOrEqual(2 * LIMITS.updateBytesMax, SERVER_LIMITS.payloadBytesMax);
  // The largest batch of the smallest writes: its digests travel in the header of a durable flush.
  const digests = LIMITS.batchWritesMax * DIGEST_CHARS;
  assertLessOrEqual(LIMITS.batchBytesMax + digests + 8 * LIMITS.batchWritesMax, SERVER_LIMITS.payloadBytesMax);
});

Deno.test("LIMITS let a full Update into a batcher with default options", () => {
  const { maxPendingWrites, maxPendingBytes } = resolveBatchingOptions();
  assertGreaterOrEqual(maxPendingWrites, LIMITS.updateWritesMax);
  assertGreaterOrEqual(maxPendingBytes, LIMITS.updateBytesMax);
});

Deno.test("LIMITS.writerIdCharsMax holds the id of a writer of ours", () => {
  assertLessOrEqual(crypto.randomUUID().length, LIMITS.writerIdCharsMax);
});

Deno.test("LIMITS let newcomers ask while every writer that a batcher admits has an Update in flight", () => {
  assertLessOrEqual(resolveBatchingOptions().writersMax + 4, SERVER_LIMITS.updatesInFlightMax);
});

Deno.test("LIMITS let a writer remember a whole Update of ids as workflows make them", () => {
  const window = new SettledWindow();
  const receipt = { status: "duplicate", batchId: "batcher/0/0/1/1", committedAt: "2026-01-01T00:00:00.000Z" } as const;
  for (let n = 0; n < LIMITS.rememberedWritesMax; n++) {
    window.add(`order-${n}`, { digest: "d".repeat(DIGEST_CHARS), receipt });
  }
  assertEquals(window.size, LIMITS.updateWritesMax);
  assertEquals(
    takeSnapshot({ generation: 1, settled: window, writers: [] }).settled.ids.length,
    LIMITS.updateWritesMax,
  );
});

Deno.test("LIMITS.requestIdCharsMax keeps the ids of batchers with usual names far from the server's limit", () => {
  assertLessOrEqual(batcherWorkflowId("n".repeat(200), 9_999, 9_999).length, SERVER_LIMITS.workflowIdCharsMax);
});
