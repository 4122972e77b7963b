/** Commands with body storage, as a user runs them. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { runCommand, spawnCommand } from "../support/run_command.ts";

/** A folder that goes with the lab. */
function directoryOf(lab: Lab): string {
  return lab.ledgerFile.replace(/[^/\\]+$/, "").slice(0, -1);
}

/** Three lines that make an Update above the threshold. */
const LINES = ["a", "b", "c"].map((id) => JSON.stringify({ id, text: "x".repeat(10_000) })).join("\n");

/** Runs a worker while something else runs. */
async function withWorker(
  lab: Lab,
  args: readonly string[],
  env: Record<string, string>,
  run: () => Promise<void>,
): Promise<void> {
  const worker = spawnCommand("worker", args, { env: { TEMPORAL_ADDRESS: lab.address, ...env } });
  const { unpolledTaskQueues } = await import("../../src/cli/server_access.ts");
  try {
    await eventually(
      "the worker polls",
      async () => (await unpolledTaskQueues(lab.client, ["main-workflow-queue", "batcher-queue"])).length === 0,
    );
    await run();
  } finally {
    await worker.kill("SIGINT");
  }
}

labTests({}, [
  [
    "deno task write, start and worker send large rows through a folder, and deno task bodies counts them",
    async (lab) => {
      const folder = `${directoryOf(lab)}/some bodies`;
      const sink = `sqlite:${directoryOf(lab)}/commands.db`;
      const bodies = ["--body-storage", `file:${folder}`];
      const onLab = { env: { TEMPORAL_ADDRESS: lab.address } };
      await withWorker(lab, ["--sink", sink], { BODY_STORAGE: `file:${folder}` }, async () => {
        const written = await runCommand("write", ["--input", "-", "--id-field", "id", ...bodies], {
          ...onLab,
          stdin: LINES,
        });
        assertEquals(written.code, 0, written.stderr);
        const started = await runCommand("start", ["--input", "-", ...bodies], { ...onLab, stdin: LINES });
        assertEquals(started.code, 0, started.stderr);
        assertStringIncludes(started.stdout, "3 committed");
      });
      const counted = await runCommand("bodies", ["count", ...bodies], onLab);
      assertMatch(counted.stdout, /^[1-9]\d* bodies in .*some bodies, 0\.\d MiB\n$/);
      const swept = await runCommand("bodies", ["sweep", "--older-than", "1h", ...bodies], onLab);
      assertEquals(swept.code, 0, swept.stderr);
      assertMatch(swept.stdout, /^0 bodies removed, 0\.0 MiB; [1-9]\d* kept/);
    },
  ],

  ["deno task write says what to set where the worker has no body storage", async (lab) => {
    await lab.batcher("batcher").terminate().catch(() => {});
    await withWorker(lab, ["--sink", `sqlite:${directoryOf(lab)}/commands.db`], {}, async () => {
      const bodies = ["--body-storage", `file:${directoryOf(lab)}/writers`];
      const { code, stdout } = await runCommand("write", ["--input", "-", "--id-field", "id", ...bodies], {
        env: { TEMPORAL_ADDRESS: lab.address },
        stdin: LINES.replaceAll("x", "y"),
      });
      assertEquals(code, 1);
      assertStringIncludes(stdout, "This worker has no body storage");
      assertStringIncludes(stdout, "BODY_STORAGE");
    });
  }],

  ["deno task bodies and --body-storage say in a line what is wrong", async (lab) => {
    const onLab = { env: { TEMPORAL_ADDRESS: lab.address } };
    const mistakes: [command: string, args: string[], says: string][] = [
      ["worker", ["--body-storage", "/mnt/bodies"], "body storage must be file:DIR or s3://BUCKET/PREFIX"],
      ["write", ["--input", "-", "--body-storage", "s3://a:secret@rows"], "must not hold credentials"],
      ["bodies", ["count"], "Say where the bodies are"],
      ["bodies", ["sweep", "--body-storage", "file:/nowhere"], "Say what to remove: --older-than AGE"],
      ["bodies", ["sweep", "--body-storage", "file:/nowhere", "--older-than", "5m"], "must be at least 10m: it is 5m"],
      ["bodies", ["sweep", "--body-storage", "s3://rows", "--older-than", "1h"], "set a lifecycle rule of the bucket"],
    ];
    for (const [command, args, says] of mistakes) {
      const { code, stderr } = await runCommand(command, args, onLab);
      assertEquals(code, 2, stderr);
      assertStringIncludes(stderr, says);
    }
  }],
]);
