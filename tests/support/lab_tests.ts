/**
 * Test files that share one lab: opened by the first case, closed after the last.
 *
 * @module
 */
import type { Lab, LabOptions } from "./lab.ts";
import { permittedTest } from "./permitted.ts";

/** One case: its name, and what it does with the lab of its file. */
export type LabCase = readonly [name: string, run: (lab: Lab) => Promise<void>];

/**
 * Registers the cases of a test file, each as a test of its own, on one lab, whose sink is well again after
 * each.
 *
 * Nothing that needs a permission is loaded before the first case runs.
 */
export function labTests(options: LabOptions, cases: readonly LabCase[]): void {
  let opening: Promise<Lab> | undefined;
  const open = async () => (await import("./lab.ts")).Lab.open(options);
  for (const [name, run] of cases) {
    permittedTest(name, async () => {
      const lab = await (opening ??= open());
      try {
        await run(lab);
      } finally {
        lab.sink.heal();
      }
    });
  }
  Deno.test.afterAll(async () => await (await opening)?.[Symbol.asyncDispose]());
}
