import { assertEquals, assertGreaterOrEqual, assertLess, assertLessOrEqual } from "@std/assert";
import { takeSnapshot } from "../../src/core/snapshot.ts";
import { SettledWindow } from "../../src/core/settled_window.ts";
import {
  LIMITS,
  newcomerBytesMax,
  SERVER_LIMITS,
  updateBytesMax,
  updatesInFlightMax,
} from "../../src/protocol/limits.ts";
import { DIGEST_CHARS } from "../../src/protocol/digests.ts";
import { batcherWorkflowId } from "../../src/protocol/names.ts";
import { resolveBatchingOptions } from "../../src/protocol/options.ts";

Deno.test("LIMITS are positive whole numbers", () => {
  for (const [name, value] of [...Object.entries(LIMITS), ...Object.entries(SERVER_LIMITS)]) {
    // A factor, and no size.
    if (name === "codecGrowthMax") continue;
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

Deno.test("LIMITS leave room for a durable flush of the largest batch in what the server takes as one payload", () => {
  // Its digests travel in the header, at least one more than a digest's characters for each.
  assertGreaterOrEqual(LIMITS.headerBytesPerWrite, DIGEST_CHARS + '"",'.length + '""'.length);
  const bytes = LIMITS.batchBytesMax + LIMITS.batchWritesMax * LIMITS.headerBytesPerWrite;
  assertLessOrEqual(bytes * LIMITS.codecGrowthMax, SERVER_LIMITS.payloadBytesMax);
});

Deno.test("LIMITS bound what completes a workflow task: full Updates, a full flush, its answers, and a codec", () => {
  for (const writersMax of [1, 6, 20, LIMITS.writersMax]) {
    const inFlight = updatesInFlightMax(writersMax);
    assertGreaterOrEqual(inFlight, writersMax + LIMITS.newcomersMax);
    const frames = inFlight * (LIMITS.refusalBytesMax + 2 * LIMITS.messageFrameBytes);
    const newcomers = (inFlight - writersMax) * newcomerBytesMax(writersMax);
    assertLessOrEqual(writersMax * updateBytesMax(writersMax) + newcomers + frames, LIMITS.taskRequestBytesMax);
  }
  const taskBytes = LIMITS.taskRequestBytesMax + LIMITS.taskOwnBytesMax;
  assertLess(taskBytes, 3_500_000);
  const encodedBytes = LIMITS.taskRequestBytesMax + LIMITS.taskOwnBytesMax * LIMITS.codecGrowthMax;
  assertLess(encodedBytes, SERVER_LIMITS.requestBytesMax);
});

Deno.test("updateBytesMax() holds a full Update of usual writes", () => {
  const { writersMax } = resolveBatchingOptions();
  assertGreaterOrEqual(updateBytesMax(writersMax) / (130 + LIMITS.headerBytesPerWrite), LIMITS.updateWritesMax);
});

Deno.test("LIMITS let a full Update into a batcher with default options", () => {
  const { maxPendingWrites, maxPendingBytes } = resolveBatchingOptions();
  assertGreaterOrEqual(maxPendingWrites, LIMITS.updateWritesMax);
  assertGreaterOrEqual(maxPendingBytes, LIMITS.writeBytesMax);
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
