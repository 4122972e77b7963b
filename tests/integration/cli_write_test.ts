/** `deno task write` where something is in its way. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { runCommand, spawnCommand } from "../support/run_command.ts";

function lines(count: number, prefix: string): string {
  return Array.from({ length: count }, (_, n) => `{"id":"${prefix}-${n}"}\n`).join("");
}

const ARGS = ["--input", "-", "--id-field", "id"];

function onLab(lab: Lab, stdin = "") {
  return { stdin, env: { TEMPORAL_ADDRESS: lab.address } };
}

labTests({}, [
  [
    "deno task write says at once what fails, stops after some rounds without an answer, and names the rest",
    async (lab) => {
      const worker = await lab.batcherWorker("batcher-queue");
      lab.sink.hang();
      const flags = ["--confirmation-timeout-ms", "500", "--concurrency", "10", "--stop-after", "4"];
      const { code, stdout, stderr } = await runCommand("write", [...ARGS, ...flags], onLab(lab, lines(100, "stuck")));
      lab.sink.heal();
      assertEquals(code, 1);
      const [first, second] = stderr.split("\n");
      assertStringIncludes(first, "Line 1 (stuck-0): WRITE_CONFIRMATION_TIMEOUT: No confirmation for request id");
      assertEquals(second, "Stopping: 4 rounds in a row got no answer in time");
      const last = Number(/^Not sent: {6}all lines after line (\d+)\. Run it again/m.exec(stdout)?.[1]);
      const [, unknown, failed] = /(\d+) failed, (\d+) unknown/.exec(stdout)?.map(Number) ?? [];
      assertEquals(unknown + failed, last, stdout);
      assertMatch(stdout, /^May be stored: lines 1-/m);
      assertMatch(stderr, new RegExp(`^Lines: ${last}, ${last} failed$`, "m"));
      const again = await runCommand("write", ARGS, onLab(lab, lines(100, "stuck")));
      assertEquals(again.code, 0, again.stderr);
      assertEquals((await lab.ledgerRows("stuck-")).length, 100);
      await worker.stop();
    },
  ],

  ["deno task write says that receipts cannot be kept, and counts what was stored", async (lab) => {
    const worker = await lab.batcherWorker("batcher-queue");
    const flags = ["--receipts", "/dev/full", "--concurrency", "2"];
    const { code, stdout, stderr } = await runCommand("write", [...ARGS, ...flags], onLab(lab, lines(50, "full")));
    assertEquals(code, 2);
    assertMatch(stderr, /^error: Cannot write --receipts \/dev\/full: No space left on device[^\n]*$/m);
    const [, committed] = /^(\d+) committed/.exec(stdout)?.map(Number) ?? [];
    assertEquals((await lab.ledgerRows("full-")).length, committed, stdout);
    assertStringIncludes(stdout, "Not sent:      all lines after line 2.");
    await worker.stop();
  }],

  ["deno task write ends on Ctrl-C although its input has not, and says how far it came", async (lab) => {
    const worker = await lab.batcherWorker("batcher-queue");
    const write = spawnCommand("write", ARGS, onLab(lab));
    const output = Promise.all([new Response(write.stdout).text(), new Response(write.stderr).text()]);
    const input = write.stdin.getWriter();
    await input.write(new TextEncoder().encode(lines(2, "early")));
    await eventually("two rows", async () => (await lab.ledgerRows("early-")).length === 2);
    write.kill("SIGINT");
    assertEquals((await write.status).code, 130);
    const [stdout, stderr] = await output;
    assertMatch(stderr, /^Stopping: no more lines are sent\. \d are under way and are waited for; Ctrl-C again leaves/);
    assertStringIncludes(stdout, "2 committed");
    assertStringIncludes(stdout, "Not sent:      all lines after line 2. Run it again: no line is stored twice.");
    await input.close().catch(() => {});
    await worker.stop();
  }],
]);
