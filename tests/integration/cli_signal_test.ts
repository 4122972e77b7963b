/** The signal variant's commands as a user runs them. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { labTests } from "../support/lab_tests.ts";
import { runCommand } from "../support/run_command.ts";
import { Running } from "../support/running_command.ts";

labTests({}, [
  ["deno task batcher starts or resumes, is followed into a new run, and outlives Ctrl-C", async (lab) => {
    await using first = new Running("batcher", ["--size", "1", "--window-ms", "200", "--interval-s", "1"], lab);
    await first.until("Started batcher-main: flushes at 1 requests, or after 200 ms");
    await first.until("No worker polls batcher-queue: start one with 'deno task worker'");
    // More than ten times its size at once: it continues as new.
    const batcher = lab.client.workflow.getHandle("batcher-main");
    for (let n = 0; n < 12; n++) {
      await batcher.signal("add_write_request", { workflow_id: "w", data: n, requesting_workflow: "nobody" });
    }
    await using worker = new Running("worker", ["--sink", `sqlite:${lab.ledgerFile}`], lab);
    await first.until(/goes on in run \S+/);
    await first.until(/0 pending, 1 batches, .* continue-as-new cycle 1/);
    await using second = new Running("batcher", ["--interval-s", "1"], lab);
    await second.until("Resumed batcher-main, which was running");
    assertEquals(await second.interrupt(), 130);

    const { code, stdout, stderr } = await runCommand("start", ["--variant", "signal", "--workflows", "3"], {
      env: { TEMPORAL_ADDRESS: lab.address },
    });
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /3 transactions in [\d.]+ s: 3 confirmed, 0 failed/);
    assertEquals(stdout.match(/^confirmed .* batch batch-\d+ {2}\d+ ms$/gm)?.length, 3, stdout);
    const rows = await lab.query("SELECT request_id FROM signal_writes WHERE request_id LIKE 'signal-%'");
    assertEquals(rows.length, 3);
    assertMatch(rows[0].request_id as string, /^signal-transaction\/.*-write-request$/);
    assertEquals(await first.interrupt(), 130);
    assertEquals((await batcher.describe()).status.name, "RUNNING");
    await using last = new Running("batcher", ["--interval-s", "1"], lab);
    await last.until("Resumed batcher-main");
    await batcher.terminate("The test is over");
    await last.until("batcher-main does not run any more: TERMINATED");
    assertEquals(await last.ended(), 1);
    assertEquals(await worker.interrupt(), 130);
  }],

  ["deno task start --variant signal asks for the batcher", async (lab) => {
    await using worker = new Running("worker", ["--sink", `sqlite:${lab.ledgerFile}`], lab);
    await worker.until("Ready.");
    const { code, stderr } = await runCommand("start", ["--variant", "signal", "--workflows", "2"], {
      env: { TEMPORAL_ADDRESS: lab.address },
    });
    assertEquals(code, 2);
    assertStringIncludes(stderr, "No signal batcher batcher-main is running: start it with 'deno task batcher'");
    assertEquals(await worker.interrupt(), 130);
  }],

  ["deno task worker with PostgreSQL says that the signal variant is not for it", async () => {
    const { openPlainTable } = await import("../../src/lab/open_plain_table.ts");
    const failed = await openPlainTable("postgres://localhost/x", "signal_writes").catch((error) => error);
    assertStringIncludes(failed.message, "in SQLite only");
  }],
]);
