import { assertEquals, assertGreater, assertLessOrEqual, assertStringIncludes, assertThrows } from "@std/assert";
import { WriterLeases } from "../../src/core/lanes.ts";
import { SettledWindow } from "../../src/core/settled_window.ts";
import { restoreSnapshot, SNAPSHOT_VERSION, takeSnapshot } from "../../src/core/snapshot.ts";
import { submissionProblem } from "../../src/protocol/check.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { DIGEST_CHARS } from "../../src/protocol/digests.ts";
import { PROTOCOL_VERSION, type SubmissionHeader } from "../../src/protocol/messages.ts";

function windowOf(...ids: string[]): SettledWindow {
  const window = new SettledWindow();
  for (const id of ids) {
    const receipt = {
      status: "duplicate",
      batchId: `batch-of-${id}`,
      committedAt: "2026-01-01T00:00:00.000Z",
    } as const;
    window.add(id, { digest: id.padEnd(DIGEST_CHARS, "_"), receipt });
  }
  return window;
}

const NOW_MS = 1_800_000_000_000;

Deno.test("restoreSnapshot() starts empty where there is no snapshot", () => {
  const { generation, settled, writers } = restoreSnapshot(undefined);
  assertEquals([generation, settled.size, writers], [0, 0, []]);
});

Deno.test("restoreSnapshot() gives back what takeSnapshot() was given", () => {
  const places = [["writer-1", NOW_MS], ["writer-2", NOW_MS + 5]] as const;
  const snapshot = takeSnapshot({ generation: 7, settled: windowOf("a", "b"), writers: places });
  const { generation, settled, writers } = restoreSnapshot(JSON.parse(JSON.stringify(snapshot)));
  assertEquals([generation, writers], [7, places]);
  for (const id of ["a", "b"]) assertEquals(settled.get(id), windowOf("a", "b").get(id));
});

Deno.test("restoreSnapshot() reads what a run of version 1 wrote, and takeSnapshot() leaves those digests out", () => {
  const old = {
    version: 1,
    generation: 3,
    settled: { ids: ["a", "b"], digests: "a".repeat(16) + "b".repeat(16), batches: [["batch", "then", 2]] },
  } as const;
  const { settled } = restoreSnapshot(old);
  assertEquals([settled.get("a")?.digest, settled.get("b")?.digest], ["a".repeat(16), "b".repeat(16)]);
  settled.add("c", windowOf("c").get("c")!);
  assertEquals(takeSnapshot({ generation: 4, settled, writers: [] }).settled.ids, ["c"]);
});

Deno.test("restoreSnapshot() reads what a run wrote that knew no lanes", () => {
  const { writers: _, ...old } = takeSnapshot({ generation: 3, settled: windowOf("a"), writers: [] });
  const { generation, settled, writers } = restoreSnapshot(old);
  assertEquals([generation, settled.size, writers], [3, 1, []]);
});

for (const version of [0, SNAPSHOT_VERSION + 1, "1", undefined]) {
  Deno.test(`restoreSnapshot() refuses version ${version} and says what to do`, () => {
    const snapshot = {
      ...takeSnapshot({ generation: 1, settled: windowOf("a"), writers: [] }),
      version: version as number,
    };
    const { message } = assertThrows(() => restoreSnapshot(snapshot), RangeError);
    assertStringIncludes(message, `must be 1 or ${SNAPSHOT_VERSION}: current value is ${version}`);
    assertStringIncludes(message, "Run a worker with the code that wrote it");
  });
}

/** As many writers as a batcher admits, with ids of the longest kind, made of one character. */
function writersOf(character: string): [writer: string, seenAtMs: number][] {
  const length = LIMITS.writerIdCharsMax / character.length - 3;
  return Array.from(
    { length: LIMITS.writersMax },
    (_, n) => [`${n}`.padStart(3, "0") + character.repeat(length), Number.MAX_SAFE_INTEGER - n],
  );
}

Deno.test("takeSnapshot() never exceeds its limit, however many writers have a place and whatever their ids", () => {
  for (const character of ["x", "é", "語", '"', "\\", "😀"]) {
    const settled = new SettledWindow();
    const leases = new WriterLeases(LIMITS.writersMax, 1, writersOf(character));
    for (let n = 0; n < LIMITS.rememberedWritesMax; n++) {
      // Each from a batch of its own: what takes the most room.
      const batchId = `batcher-of-a-long-name/0/0/019f8a6b3c2d/${n}`;
      const receipt = { status: "duplicate", batchId, committedAt: "2026-01-01T00:00:00.000Z" } as const;
      settled.add(`語${n}`, { digest: "d".repeat(DIGEST_CHARS), receipt });
    }
    const snapshot = takeSnapshot({ generation: Number.MAX_SAFE_INTEGER, settled, writers: leases.snapshot() });
    assertEquals(snapshot.writers?.length, LIMITS.writersMax);
    const bytes = new TextEncoder().encode(JSON.stringify(snapshot)).length;
    assertLessOrEqual(bytes, LIMITS.snapshotBytesMax);
    assertGreater(snapshot.settled.ids.length, LIMITS.rememberedWritesMax / 2, "the writers leave room for writes");
    assertEquals(submissionProblem(headerOf(snapshot.writers![0][0]), new Uint8Array([49])), undefined);
  }
});

function headerOf(writer: string): SubmissionHeader {
  return { version: PROTOCOL_VERSION, writer, ids: ["a"], digests: "d".repeat(DIGEST_CHARS) };
}
