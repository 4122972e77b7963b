/** The commands as a user runs them. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { COMMANDS, runCommand, spawnCommand } from "../support/run_command.ts";
import { Running } from "../support/running_command.ts";

function lines(count: number): string {
  return Array.from({ length: count }, (_, i) => JSON.stringify({ commit: `c${i}`, at: "2026-01-01" })).join("\n");
}

async function countRows(file: string): Promise<number> {
  const { DatabaseSync } = await import("node:sqlite");
  using database = new DatabaseSync(file, { readOnly: true });
  return database.prepare("SELECT count(*) AS rows FROM batched_writes").get()!.rows as number;
}

/** A folder that goes with the lab. */
function directoryOf(lab: Lab): string {
  return lab.ledgerFile.replace(/[^/\\]+$/, "").slice(0, -1);
}

function onLab(lab: Lab, stdin = "") {
  return { stdin, env: { TEMPORAL_ADDRESS: lab.address } };
}

labTests({}, [
  ["deno task demo --input stores each line once, however often it is run", async (lab) => {
    const file = `${directoryOf(lab)}/demo-input.db`;
    const args = ["--input", "-", "--sink", `sqlite:${file}`];
    const first = await runCommand("demo", args, onLab(lab, lines(40)));
    assertEquals(first.code, 0, first.stderr);
    assertStringIncludes(first.stdout, "40: 40 committed, 0 duplicate, 0 rejected, 0 conflicts, 0 failed, 0 unknown");
    assertStringIncludes(first.stdout, "40 of these 40 rows, 40 rows in all");
    assertEquals(await countRows(file), 40);
    const second = await runCommand("demo", args, onLab(lab, lines(41)));
    assertEquals(second.code, 0, second.stderr);
    assertStringIncludes(second.stdout, "41: 1 committed, 40 duplicate, 0 rejected");
    assertEquals(await countRows(file), 41);
  }],

  ["deno task demo shares flushes without a window", async (lab) => {
    const args = ["--workflows", "50", "--sink", `sqlite:${directoryOf(lab)}/demo-50.db`];
    const { code, stdout, stderr } = await runCommand("demo", args, onLab(lab));
    assertEquals(code, 0, stderr);
    const rowsPerFlush = Number(/([\d.]+) rows per flush/.exec(stdout)?.[1]);
    // How many share one depends on the machine; that some do does not.
    assert(rowsPerFlush > 1, stdout);
  }],

  ["deno task demo leaves a server that ran before, and no batcher on it", async (lab) => {
    const args = ["--workflows", "12", "--shards", "4", "--sink", `sqlite:${directoryOf(lab)}/demo-12.db`];
    const { code, stderr } = await runCommand("demo", args, onLab(lab));
    assertEquals(code, 0, stderr);
    // What is listed lags behind what is.
    await eventually("no batcher of it is left", async () => {
      const running = await Array.fromAsync(
        lab.client.workflow.list({ query: "WorkflowType = 'batcher' AND ExecutionStatus = 'Running'" }),
      );
      return !running.some(({ workflowId }) => workflowId.startsWith("demo-"));
    });
  }],

  ["deno task demo fails and says so when a transaction fails", async (lab) => {
    const input = `{"id":"a","amount":1}\n{"id":"a","amount":2}\n{"id":"b","amount":3}`;
    const args = ["--input", "-", "--id-field", "id", "--sink", `sqlite:${directoryOf(lab)}/demo-conflict.db`];
    const { code, stdout, stderr } = await runCommand("demo", args, onLab(lab, input));
    assertEquals(code, 1);
    assertEquals(stderr.match(/WARN/g)?.length, 1, stderr);
    assertStringIncludes(stdout, "3: 2 committed, 0 duplicate, 0 rejected, 1 conflicts, 0 failed, 0 unknown");
    assertStringIncludes(stdout, "conflict   a  RequestIdConflict: Cannot write as request id");
    assertEquals(await countRows(`${directoryOf(lab)}/demo-conflict.db`), 2);
  }],

  ["deno task start names the command when no worker polls", async (lab) => {
    const { code, stderr } = await runCommand("start", ["--workflows", "2"], onLab(lab));
    assertEquals(code, 2);
    assertStringIncludes(
      stderr,
      "No worker polls main-workflow-queue and batcher-queue: start one with 'deno task worker'",
    );
  }],

  ["deno task worker names a folder that is missing, and creates none", async (lab) => {
    const folder = `${directoryOf(lab)}/ledgre`;
    const { code, stderr } = await runCommand("worker", ["--sink", `sqlite:${folder}/ledger.db`], onLab(lab));
    assertEquals(code, 2, stderr);
    assertStringIncludes(
      stderr,
      `error: Cannot open the SQLite file '${folder}/ledger.db': there is no folder '${folder}'`,
    );
  }],

  ["deno task worker and deno task start work together, and Ctrl-C ends the workers", async (lab) => {
    const file = `${directoryOf(lab)}/roles.db`;
    const roles = [["--role", "caller"], ["--role", "batcher", "--sink", `sqlite:${file}`]];
    const workers = roles.map((args) => spawnCommand("worker", args, onLab(lab)));
    await eventually("both workers poll", async () => {
      const { unpolledTaskQueues } = await import("../../src/cli/server_access.ts");
      return (await unpolledTaskQueues(lab.client, ["main-workflow-queue", "batcher-queue"])).length === 0;
    });
    const { code, stdout, stderr } = await runCommand("start", ["--input", "-"], onLab(lab, lines(20)));
    assertEquals(code, 0, stderr);
    assertEquals(
      stdout.match(/^committed {2}sha256:\S{43} {2}batch batcher\/0\/0\/\S+ {2}\d+ ms$/gm)?.length,
      20,
      stdout,
    );
    assertMatch(stdout, /20 transactions in [\d.]+ s: 20 committed, 0 duplicate, 0 rejected/);
    assertEquals(await countRows(file), 20);
    for (const [i, worker] of workers.entries()) {
      // A person presses Ctrl-C, a container's end is SIGTERM.
      const [signal, code] = ([["SIGINT", 130], ["SIGTERM", 0]] as const)[i];
      assertEquals(await worker.kill(signal), code);
      const said = worker.output.stderr;
      assertStringIncludes(said, "Stopping: what has begun is finished first. Writes and transactions that wait");
      assertEquals(said.split(`WARN  Created a new ledger at ${file}\n`).length - 1, i, said);
    }
  }],

  ["two projects with names of their own share a server, and do not see each other", async (lab) => {
    const names = ["orders", "it's mail"];
    const files = names.map(() => `${lab.ledgerFile}.${crypto.randomUUID()}`);
    const workers = names.map((name, i) =>
      new Running("worker", ["--name", name, "--sink", `sqlite:${files[i]}`], lab)
    );
    await using _ = {
      [Symbol.asyncDispose]: async () => void await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]())),
    };
    await Promise.all(workers.map((worker) => worker.until("Ready.")));
    const named = (name: string) => ["--input", "-", "--name", name];
    const started = await runCommand("start", named(names[0]), onLab(lab, lines(5)));
    const written = await runCommand("write", named(names[1]), onLab(lab, lines(3)));
    assertEquals([started.code, written.code], [0, 0], started.stderr + written.stderr);
    assertEquals(await Promise.all(files.map(countRows)), [5, 3]);
    const nobody = await runCommand("write", named("no body"), onLab(lab, lines(1)));
    assertStringIncludes(nobody.stderr, "start one with 'deno task worker --name 'no body' --role batcher'");
    const elsewhere = await runCommand("start", ["--input", "-", "--namespace", "nowhere"], onLab(lab, lines(1)));
    assertStringIncludes(elsewhere.stderr, 'Namespace "nowhere" cannot be used');
    assertEquals([nobody.code, elsewhere.code], [2, 2]);
  }],

  ["deno task demo ends in good order on Ctrl-C", async (lab) => {
    const args = ["--workflows", "2000", "--sink", `sqlite:${directoryOf(lab)}/interrupted.db`];
    await using demo = spawnCommand("demo", args, onLab(lab));
    await demo.endInput();
    await eventually("transactions run", async () => {
      const { count } = await lab.client.workflow.count("WorkflowType = 'transaction' AND ExecutionStatus = 'Running'");
      return count > 10;
    });
    assertEquals(await demo.kill("SIGINT"), 130);
    assertStringIncludes(demo.output.stderr, "Stopping what was started");
    assertEquals(demo.output.stdout, "");
    // It was interrupted, and did not just finish.
    assert(await countRows(`${directoryOf(lab)}/interrupted.db`) < 2_000);
    await eventually("no transaction is left", async () => {
      const left = await lab.client.workflow.count("WorkflowType = 'transaction' AND ExecutionStatus = 'Running'");
      return left.count === 0;
    });
  }],

  ["deno task start gives up on Ctrl-C, and leaves its transactions to the workers", async (lab) => {
    // Workers that poll and get nothing done: their sink is away.
    const release = lab.sink.hang();
    const workers = [
      await lab.batcherWorker("batcher-queue"),
      await lab.mainWorker("main-workflow-queue", lab.writer("batcher", { taskQueue: "batcher-queue" })),
    ];
    await using start = spawnCommand("start", ["--workflows", "3"], onLab(lab));
    await start.endInput();
    const running = "WorkflowType = 'transaction' AND ExecutionStatus = 'Running'";
    await eventually("transactions run", async () => (await lab.client.workflow.count(running)).count === 3);
    assertEquals(await start.kill("SIGINT"), 130, start.output.stderr);
    assertStringIncludes(
      start.output.stdout,
      "3 not waited for (they go on by themselves, and their rows may be stored)\n",
    );
    assertEquals((await lab.client.workflow.count(running)).count, 3);
    release();
    await eventually("they end", async () => (await lab.client.workflow.count(running)).count === 0);
    for (const { stop } of workers) await stop();
  }],

  ["deno task write stores large lines with its defaults", async (lab) => {
    const worker = await lab.batcherWorker("batcher-queue");
    const big = Array.from({ length: 1_500 }, (_, id) => JSON.stringify({ id, text: "x".repeat(60_000) })).join("\n");
    const args = ["--input", "-", "--id-field", "id"];
    const { code, stdout, stderr } = await runCommand("write", args, onLab(lab, big));
    assertEquals(code, 0, stdout + stderr);
    assertStringIncludes(stdout, "1500 committed");
    await worker.stop();
  }],

  ["deno task write refuses to write receipts over its input", async (lab) => {
    const worker = await lab.batcherWorker("batcher-queue");
    const file = `${directoryOf(lab)}/both.jsonl`;
    await Deno.writeTextFile(file, lines(2));
    const { code, stderr } = await runCommand("write", ["--input", file, "--receipts", file], onLab(lab));
    assertEquals(code, 2);
    assertStringIncludes(stderr, "--receipts must be another file than --input");
    assertEquals(await Deno.readTextFile(file), lines(2));
    await worker.stop();
  }],

  ["deno task lists every command with a description", async () => {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: ["task"], env: { NO_COLOR: "1" } })
      .output();
    const list = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    for (const task of [...COMMANDS, "test", "ok"]) {
      assertMatch(list, new RegExp(`^- ${task}\\n\\s+// \\S`, "m"));
    }
  }],
]);
