/**
 * Runs the tests, and each file that starts workers in a process of its own: `deno run -A tests/run.ts [--long | FILE…]`.
 *
 * `deno test` gives each file an isolate of its own in one process, while the SDK's native module keeps threads that call
 * back into the isolate that loaded it: after some dozen files the process ends with a segmentation fault now and then.
 * Users' programs have one isolate, and so has each of these processes.
 *
 * @module
 */
import { type Counts, runTests } from "./support/test_process.ts";

/** Files whose tests load no native module, or one file's worth of it; they run together. */
const TOGETHER = ["src", "workflows", "activities", "tests/unit", "tests/property", "tests/contract"];

/** Folders whose files run each by itself. */
const APART = ["tests/replay", "tests/integration"];

/** What takes longer: processes that are killed under load, measurements, the comparison and its rivals, the npm package. */
const LONG = ["tests/faults", "tests/lab", "tests/npm"];

/** They mostly wait: for servers to start, and for timeouts. */
const PROCESSES = 3;

/** Some files take minutes. One that takes longer than this hangs. */
const LIMIT_MS = 10 * 60_000;

/** A copy: what a test fetches when it runs must not change the checkout. */
const lock = await Deno.makeTempFile({ prefix: "temporal-batcher-", suffix: ".lock" });
await Deno.copyFile("deno.lock", lock);

async function testFilesOf(folders: readonly string[]): Promise<string[][]> {
  const files: string[] = [];
  for (const folder of folders) {
    for await (const { name } of Deno.readDir(folder)) {
      if (name.endsWith("_test.ts")) files.push(`${folder}/${name}`);
    }
  }
  return files.sort().map((file) => [file]);
}

/** Runs tests in one process, prints what it printed once it is over, and adds up what came of them. */
async function run(paths: readonly string[], counts: Counts): Promise<void> {
  // Types are checked by the gate: here each process would check the same modules again.
  const ended = await runTests(paths, { args: ["--doc", "--quiet", "--no-check", "--lock", lock], limitMs: LIMIT_MS });
  console.log(`\n== ${paths.join(" ")}\n${ended.stdout.trim()}`);
  console.error(ended.stderr.trim());
  counts.passed += ended.passed;
  counts.failed += ended.failed;
  counts.ignored += ended.ignored;
  if (ended.problem !== "") console.log(`${paths.join(" ")} ${ended.problem}`);
}

function isLong(args: readonly string[]): boolean {
  return args.length === 1 && args[0] === "--long";
}

async function chosen(args: readonly string[]): Promise<string[][]> {
  if (isLong(args)) return await testFilesOf(LONG);
  if (args.length > 0) return args.map((path) => [path]);
  return [TOGETHER, ...await testFilesOf(APART)];
}

const counts: Counts = { passed: 0, failed: 0, ignored: 0 };
const queue = await chosen(Deno.args);
console.log(`${queue.length} processes, ${PROCESSES} at a time; each is shown when it is over`);
await Promise.all(Array.from({ length: PROCESSES }, async () => {
  for (let paths = queue.shift(); paths !== undefined; paths = queue.shift()) await run(paths, counts);
}));
await Deno.remove(lock);
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.ignored} skipped`);
Deno.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
