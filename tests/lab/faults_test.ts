/** The quick ones of a comparison's faults, for real: what callers are told against what is stored. */
import { assertEquals, assertGreater } from "@std/assert";
import type { FaultCounts, FaultName } from "../../src/lab/compare/report_data.ts";
import { permittedTest } from "../support/permitted.ts";

const RIGHT = { phantom: 0, lost: 0, double: 0, callers_failed: 0, told_unknown: 0 };

const EXPECTED: readonly [fault: FaultName, variant: string, certain: FaultCounts][] = [
  ["duplicate-after-success", "update", { ...RIGHT, writes: 20 }],
  ["duplicate-after-success", "signal", { ...RIGHT, writes: 20, double: 20 }],
  ["bad-row-in-batch", "update", { ...RIGHT, writes: 50, callers_failed: 1 }],
];

permittedTest("faults tell what callers were told from what is stored", async (t) => {
  const { startComparison } = await import("../../src/lab/compare/context.ts");
  const { badRowInBatch, duplicateAfterSuccess } = await import("../../src/lab/compare/faults/faults.ts");
  const { Stage } = await import("../../src/lab/compare/faults/stage.ts");
  const { BATCH_WRITES } = await import("../../src/lab/compare/faults/trial.ts");
  const { variantOf } = await import("../../src/lab/compare/variants/mod.ts");
  const { createLog } = await import("../../src/worker/log.ts");
  const { installRuntime } = await import("../../src/worker/runtime.ts");
  const log = createLog("error", () => {});
  installRuntime(log, "error");
  const { signal } = new AbortController();
  await using context = await startComparison({ quick: true, log, signal, progress: () => {} });

  const policy = { size: BATCH_WRITES, windowMs: 4_000 };
  const rows = ["update", "signal"].map(async (name) => {
    await using stage = await Stage.open(context, variantOf(name), { policy, signal });
    return [await duplicateAfterSuccess(stage), await badRowInBatch(stage)];
  });
  const found = (await Promise.all(rows)).flat();
  for (const [fault, variant, expected] of EXPECTED) {
    await t.step(`${fault}: ${variant}`, () => {
      const { note, ...row } = found.find((row) => row.fault === fault && row.variant === variant)!;
      assertEquals(row, { fault, variant, ...expected }, note);
    });
  }
  await t.step("bad-row-in-batch: signal", () => {
    const { note, callers_failed, ...row } = found.find((row) =>
      row.fault === "bad-row-in-batch" && row.variant === "signal"
    )!;
    // Its neighbours fail with it: all that were in its batch, or came later.
    assertGreater(callers_failed, 1, note);
    assertEquals([row.phantom, row.lost, row.double], [0, 0, 0], note);
  });
});
