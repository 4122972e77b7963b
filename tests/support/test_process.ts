/**
 * Tests that run in a process of their own.
 *
 * @module
 */
import { Child } from "../../src/lab/harness/child.ts";

/** How many tests ended how. */
export interface Counts {
  passed: number;
  failed: number;
  ignored: number;
}

/** How a process with tests has ended. */
export interface TestProcess extends Counts {
  readonly stdout: string;
  readonly stderr: string;
  /** Why it counts as failed although none of its tests has; empty if it does not. */
  readonly problem: string;
}

/** Bounds of one process. */
export interface TestProcessOptions {
  /** Further arguments of `deno test`. */
  readonly args: readonly string[];
  /** Ends it after so long. */
  readonly limitMs: number;
}

/** Interrupted, `deno test` says which tests have not ended; one that is stuck does not even do that. */
const KILL_AFTER_MS = 5_000;

/** Runs `deno test` in a process of its own, which ends with this one, also where this one is killed. */
export async function runTests(paths: readonly string[], options: TestProcessOptions): Promise<TestProcess> {
  await using child = new Child(Deno.execPath(), ["test", "-A", ...options.args, ...paths], { env: { NO_COLOR: "1" } });
  await child.endInput();
  let hung = false;
  const timers = [
    setTimeout(() => {
      hung = true;
      void child.kill("SIGINT");
    }, options.limitMs),
    setTimeout(() => child.kill("SIGKILL"), options.limitMs + KILL_AFTER_MS),
  ];
  const code = await child.ended();
  timers.forEach(clearTimeout);
  const { stdout, stderr } = child.output;
  const counts = readCounts(stdout);
  const problem = hung ? `did not end within ${options.limitMs / 1_000} s` : problemOf(code, counts);
  const { passed = 0, failed = 0, ignored = 0 } = counts ?? {};
  return { stdout, stderr, passed, failed: problem === "" ? failed : Math.max(1, failed), ignored, problem };
}

/** Reads the last line of `deno test`; a process that died has printed none. */
export function readCounts(stdout: string): Counts | undefined {
  const found = /\| (\d+) passed.*? \| (\d+) failed(?: \| (\d+) ignored)?/.exec(stdout.slice(-1_000));
  if (found === null) return undefined;
  const [passed, failed, ignored] = found.slice(1).map((text) => Number(text ?? 0));
  return { passed, failed, ignored };
}

/** Why a process counts as failed although none of its tests has; empty if it does not. */
export function problemOf(code: number, counts: Counts | undefined): string {
  if (counts === undefined) return `ended with exit code ${code} before its last test`;
  if (code !== 0 && counts.failed === 0) return `ended with exit code ${code} although no test failed`;
  return counts.passed + counts.failed + counts.ignored === 0 ? "has no tests" : "";
}
