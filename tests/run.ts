/**
 * Runs every test, and each file that starts workers in a process of its own.
 *
 * `deno test` gives each file an isolate of its own in one process, while the SDK's native module keeps threads that call back
 * into the isolate that loaded it: after some dozen files the process ends with a segmentation fault now and then. Users' programs
 * have one isolate, and so has each of these processes.
 *
 * @module
 */

/** Files whose tests load no native module, or one file's worth of it; they run together. */
const TOGETHER = ["src", "workflows", "activities", "tests/unit", "tests/property", "tests/contract"];

/** Folders whose files run each by itself. */
const APART = ["tests/replay", "tests/integration", "tests/faults"];

interface Counts {
  passed: number;
  failed: number;
  ignored: number;
}

/** A copy: what a test fetches when it runs must not change the checkout. */
const lock = await Deno.makeTempFile({ prefix: "temporal-batcher-", suffix: ".lock" });
await Deno.copyFile("deno.lock", lock);

async function testFilesOf(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith("_test.ts")) files.push(`${folder}/${name}`);
  }
  return files.sort();
}

/** Runs tests in one process and adds up what its last line says; a process without one has failed. */
async function run(paths: readonly string[], counts: Counts): Promise<void> {
  console.log(`\n== ${paths.join(" ")}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--doc", "--quiet", "--lock", lock, ...paths],
    env: { NO_COLOR: "1" },
    stdout: "piped",
  }).spawn();
  let tail = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    await Deno.stdout.write(new TextEncoder().encode(text));
    tail = (tail + text).slice(-1_000);
  }
  const { code } = await child.status;
  const [, passed = 0, failed = 0, ignored = 0] =
    /\| (\d+) passed.*? \| (\d+) failed(?: \| (\d+) ignored)?/.exec(tail)?.map(Number) ?? [];
  counts.passed += passed;
  counts.ignored += ignored || 0;
  counts.failed += code === 0 ? 0 : Math.max(1, failed);
  if (code !== 0 && failed === 0) console.log(`${paths.join(" ")} ended with exit code ${code} before its last test`);
}

const counts: Counts = { passed: 0, failed: 0, ignored: 0 };
if (Deno.args.length > 0) {
  for (const path of Deno.args) await run([path], counts);
} else {
  await run(TOGETHER, counts);
  for (const folder of APART) {
    for (const file of await testFilesOf(folder)) await run([file], counts);
  }
}
await Deno.remove(lock);
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.ignored} skipped`);
Deno.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
