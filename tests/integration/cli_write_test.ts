/** `deno task write` where something is in its way. */
import { Buffer } from "node:buffer";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { runCommand, spawnCommand } from "../support/run_command.ts";

function lines(count: number, prefix: string): string {
  return Array.from({ length: count }, (_, n) => `{"id":"${prefix}-${n}"}\n`).join("");
}

const NEW_LINE = new Uint8Array([10]);

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

  ["deno task write says where a line is bad, and what became of those before it", async (lab) => {
    const worker = await lab.batcherWorker("batcher-queue");
    const input = `{"id":"bad-1"}\n{"id":"bad-2"}\n{"id":"bad-3" "n":1}\n{"id":"bad-4"}\n`;
    const { code, stdout, stderr } = await runCommand("write", ARGS, onLab(lab, input));
    assertEquals(code, 2);
    assertStringIncludes(
      stderr,
      `error: Line 3 of the input is not JSON: Expected ',' or '}' after property value at column 15: ` +
        `{"id":"bad-3" "n":1} (lines before it: 2 stored, 0 not stored, 0 unknown; it and those after it were not sent. ` +
        `Run it again once it is corrected, or with --skip-bad FILE: no line is stored twice)\n`,
    );
    assertStringIncludes(stdout, "2 committed");
    assertEquals((await lab.ledgerRows("bad-")).length, 2);
    await worker.stop();
  }],

  ["deno task write --skip-bad keeps bad lines as they are, and goes on", async (lab) => {
    const worker = await lab.batcherWorker("batcher-queue");
    const encoder = new TextEncoder();
    const bad = [
      encoder.encode('{"id":"skip-2"'),
      new Uint8Array([0x7b, 0xff, 0x7d, 0x0d]),
      encoder.encode('{"no":"id"}'),
      encoder.encode(`{"id":"skip-5","text":"${"x".repeat(512 * 1024)}"}`),
    ];
    const file = `${lab.ledgerFile}.lines`;
    const kept = `${lab.ledgerFile}.bad`;
    const first = encoder.encode('{"id":"skip-1"}\n\n');
    const last = encoder.encode('{"id":"skip-7"}\n');
    await Deno.writeFile(
      file,
      new Uint8Array(Buffer.concat([first, ...bad.flatMap((line) => [line, NEW_LINE]), last])),
    );
    for (const input of [file, "-"]) {
      const args = ["--input", input, "--id-field", "id", "--skip-bad", kept];
      const stdin = input === "-" ? '{"id":"skip-1"}\n{"id":' : "";
      const { code, stdout, stderr } = await runCommand("write", args, onLab(lab, stdin));
      assertEquals(code, 1, stderr);
      if (input === "-") {
        assertStringIncludes(
          stderr,
          'Skipped: Line 2 of the input is not JSON: it ends too early at column 7: {"id":\n',
        );
        assertStringIncludes(stdout, `Skipped:       1 of the input, kept in ${kept}: lines 2\n`);
        assertEquals(await Deno.readTextFile(kept), '{"id":\n');
      } else {
        assertMatch(stdout, /^2 committed, 0 duplicate/);
        assertStringIncludes(stdout, `Skipped:       4 of the input, kept in ${kept}: lines 3-6\n`);
        assertStringIncludes(stderr, "Skipped: Line 4 of the input is not UTF-8 at column 2: {\ufffd}\\u{d}\n");
        assertStringIncludes(stderr, 'Line 5 of the input cannot be used: it must have text or a number in field "id"');
        assertStringIncludes(stderr, "Line 6 of the input has 524313 bytes: at most 524288 are allowed\n");
        assertStringIncludes(stderr, "Lines: 2/2\n");
        assertEquals(await Deno.readFile(kept), new Uint8Array(Buffer.concat(bad.flatMap((line) => [line, NEW_LINE]))));
        const again = await runCommand("write", args, onLab(lab));
        assertEquals(again.code, 2);
        assertStringIncludes(again.stderr, `Cannot write --skip-bad ${kept}: it has lines, which would be lost`);
      }
      await Deno.remove(kept);
    }
    await worker.stop();
  }],

  ["deno task write does not keep bad lines in its input, or where receipts go", async (lab) => {
    const worker = await lab.batcherWorker("batcher-queue");
    const file = `${lab.ledgerFile}.same`;
    await Deno.writeTextFile(file, lines(1, "same"));
    const args = ["--input", file, "--skip-bad"];
    const input = await runCommand("write", [...args, file], onLab(lab));
    assertStringIncludes(input.stderr, "--skip-bad must be another file than --input: it would be lost");
    const both = await runCommand("write", [...args, `${file}.new`, "--receipts", `${file}.new`], onLab(lab));
    assertStringIncludes(both.stderr, "--skip-bad must be another file than --receipts: it would be lost");
    const full = await runCommand(
      "write",
      [...ARGS, "--skip-bad", "/dev/full"],
      onLab(lab, `{"id":"same-1"}\n{\n{"id":"same-2"}`),
    );
    assertEquals([input.code, both.code, full.code], [2, 2, 2]);
    assertMatch(
      full.stderr,
      /^error: Cannot write --skip-bad \/dev\/full: No space left on device[^(]*\(os error 28\) \(lines before it: 1 stored/m,
    );
    await worker.stop();
  }],

  ["deno task write ends on Ctrl-C although its input has not, and says how far it came", async (lab) => {
    const worker = await lab.batcherWorker("batcher-queue");
    await using write = spawnCommand("write", ARGS, onLab(lab));
    await write.send(lines(2, "early"));
    await eventually("two rows", async () => (await lab.ledgerRows("early-")).length === 2);
    assertEquals(await write.kill("SIGINT"), 130);
    const { stdout, stderr } = write.output;
    assertMatch(stderr, /^Stopping: no more lines are sent\. \d are under way and are waited for; Ctrl-C again leaves/);
    assertStringIncludes(stdout, "2 committed");
    assertStringIncludes(stdout, "Not sent:      all lines after line 2. Run it again: no line is stored twice.");
    await worker.stop();
  }],
]);
