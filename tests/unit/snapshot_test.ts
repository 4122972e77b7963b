import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { SettledWindow } from "../../src/core/settled_window.ts";
import { restoreSnapshot, SNAPSHOT_VERSION, takeSnapshot } from "../../src/core/snapshot.ts";

function windowOf(...ids: string[]): SettledWindow {
  const window = new SettledWindow();
  for (const id of ids) {
    const receipt = {
      status: "duplicate",
      batchId: `batch-of-${id}`,
      committedAt: "2026-01-01T00:00:00.000Z",
    } as const;
    window.add(id, { digest: id.padEnd(16, "_"), receipt });
  }
  return window;
}

Deno.test("restoreSnapshot() starts empty where there is no snapshot", () => {
  const { generation, settled } = restoreSnapshot(undefined);
  assertEquals([generation, settled.size], [0, 0]);
});

Deno.test("restoreSnapshot() gives back what takeSnapshot() was given", () => {
  const snapshot = takeSnapshot(7, windowOf("a", "b"));
  const { generation, settled } = restoreSnapshot(JSON.parse(JSON.stringify(snapshot)));
  assertEquals(generation, 7);
  for (const id of ["a", "b"]) assertEquals(settled.get(id), windowOf("a", "b").get(id));
});

for (const version of [0, SNAPSHOT_VERSION + 1, "1", undefined]) {
  Deno.test(`restoreSnapshot() refuses version ${version} and says what to do`, () => {
    const snapshot = { ...takeSnapshot(1, windowOf("a")), version: version as number };
    const { message } = assertThrows(() => restoreSnapshot(snapshot), RangeError);
    assertStringIncludes(message, `must be ${SNAPSHOT_VERSION}: current value is ${version}`);
    assertStringIncludes(message, "Run a worker with the code that wrote it");
  });
}
