/** Batchers whose workflow task fails, as their worker lacks the body storage that the run was begun with. */
import { assertEquals } from "@std/assert";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { runCommand } from "../support/run_command.ts";
import { Running } from "../support/running_command.ts";

/** Large enough to be stored outside of the history. */
const LARGE = JSON.stringify({ id: "large", text: "x".repeat(40_000) });

const startWorker = (lab: Lab, ...flags: string[]) =>
  new Running("worker", ["--role", "batcher", "--sink", `sqlite:${lab.ledgerFile}`, ...flags], lab);

labTests({}, [
  ["deno task worker says in one line which workflow task fails and why, also if it has failed before", async (lab) => {
    const store = ["--body-storage", `file:${lab.ledgerFile}-bodies`];
    await using first = startWorker(lab, ...store);
    await first.until("Ready.");
    const write = await runCommand("write", ["--input", "-", "--id-field", "id", ...store], {
      stdin: LARGE,
      env: { TEMPORAL_ADDRESS: lab.address },
    });
    assertEquals(write.code, 0, write.stderr);
    assertEquals(await first.interrupt(), 130);
    const abort = new AbortController();
    const waiting = lab.writer("batcher", { taskQueue: "batcher-queue" })
      .write({ requestId: "small", data: 1 }, { signal: abort.signal }).catch(() => {});
    for (let restart = 0; restart < 2; restart++) {
      await using worker = startWorker(lab);
      await worker.until(
        / WARN {2}The workflow task of batcher\/0\/0 fails,.*: Cannot replay: This worker has no body/,
      );
      assertEquals(await worker.interrupt(), 130);
      assertEquals(worker.said.match(/batcher\/0\/0|Cannot replay/g)?.length, 2, worker.said);
    }
    abort.abort();
    await waiting;
    await lab.batcher("batcher").terminate("The test is over");
  }],
]);
