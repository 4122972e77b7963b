/** The commands for ledgers and dead letters, as a user runs them. */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { PostgresSink } from "../../src/sinks/postgres/sink.ts";
import { SinkError } from "../../src/sinks/sink.ts";
import type { NewWrite } from "../../src/sinks/apply.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { postgresTests } from "../support/postgres_tests.ts";
import { runCommand } from "../support/run_command.ts";

/** What the sink of the lab refuses at the moment. */
const refused = new Set<string>();

function apply(_tx: unknown, writes: readonly NewWrite[]): void {
  for (const { requestId } of writes) if (refused.has(requestId)) throw new Error(`no account for ${requestId}`);
}

async function run(lab: Lab, name: string, ...args: string[]) {
  const env = { TEMPORAL_ADDRESS: lab.address, SINK_URL: `sqlite:${lab.ledgerFile}` };
  return await runCommand(name, args, { env });
}

let polling: Promise<unknown> | undefined;

/** Starts the batcher worker that the commands need, once. */
async function poll(lab: Lab): Promise<void> {
  await (polling ??= lab.batcherWorker("batcher-queue"));
}

labTests({ apply }, [
  ["deno task dead-letters list, show, retry and drop go through the life of a refused row", async (lab) => {
    refused.add("later").add("never");
    const unpolled = await run(lab, "dead_letters", "retry", "later");
    assertEquals(unpolled.code, 2);
    assertStringIncludes(unpolled.stderr, "No worker polls batcher-queue");
    await poll(lab);
    const { BatchWriter } = await import("../../src/client/batch_writer.ts");
    await using writer = new BatchWriter({ client: lab.writerClient.client });
    const write = (requestId: string) => writer.write({ requestId, data: { n: 1.5 }, partitionKey: "k" });
    const receipts = await Promise.all(["good", "later", "never"].map(write));
    assertEquals(receipts.map(({ status }) => status), ["committed", "rejected", "rejected"]);

    const list = await run(lab, "dead_letters", "list");
    assertEquals(list.code, 0, list.stderr);
    assertMatch(list.stdout, /^\S+Z {2}Error {2}later {2}"no account for later"$/m);
    assertStringIncludes(list.stderr, "2 dead letters");
    const show = await run(lab, "dead_letters", "show", "later", "unknown");
    assertEquals(show.code, 1);
    const { requestId, data, partitionKey, errorType } = JSON.parse(show.stdout);
    assertEquals([requestId, data, partitionKey, errorType], ["later", { n: 1.5 }, "k", "Error"]);
    assertStringIncludes(show.stderr, "No dead letter has the request id unknown");

    refused.delete("later");
    const retry = await run(lab, "dead_letters", "retry", "--all");
    assertEquals(retry.code, 1, retry.stderr);
    assertMatch(retry.stdout, /^committed {2}later {2}batch batcher\/0\/0\/\S+$/m);
    assertMatch(retry.stdout, /^rejected {3}never {2}Error {2}"no account for never"$/m);
    assertStringIncludes(retry.stdout, "2 retried: 1 committed, 1 rejected again, 0 failed, 0 unknown");
    const row = await lab.query("SELECT data, partition_key FROM batched_writes WHERE request_id = 'later'");
    assertEquals(row, [{ data: '{"n":1.5}', partition_key: "k" }]);
    assertEquals(await lab.sink.countRejected(), 1);

    refused.delete("never");
    const last = await run(lab, "dead_letters", "retry", "never", "gone");
    assertEquals(last.code, 1, last.stderr);
    assertStringIncludes(
      last.stdout,
      "1 retried: 1 committed, 0 rejected again, 0 failed, 0 unknown; 1 of the request ids is no",
    );
    assertEquals(await lab.sink.countRejected(), 0);
    assertEquals((await write("never")).status, "duplicate");

    refused.add("dropped");
    assertEquals((await write("dropped")).status, "rejected");
    const drop = await run(lab, "dead_letters", "drop", "dropped");
    assertEquals([drop.code, drop.stdout.trim()], [0, "1 dropped"]);
    assertEquals(await lab.sink.countRejected(), 0);
  }],

  ["deno task dead-letters retry keeps a letter whose row went to the sink of other workers", async (lab) => {
    const { SqliteSink } = await import("../../src/sinks/sqlite/sink.ts");
    const { makeBatch } = await import("../contract/sink_store.ts");
    const path = lab.ledgerFile.replace("ledger.db", "other.db");
    const other = await SqliteSink.open({ path, apply, applyName: "refusing" });
    refused.add("astray");
    await other.write(makeBatch("batch", ["astray"]));
    refused.delete("astray");
    await poll(lab);
    // The workers answer that it is committed, and then that it is a duplicate.
    for (let i = 0; i < 2; i++) {
      const env = { TEMPORAL_ADDRESS: lab.address, SINK_URL: `sqlite:${path}` };
      const { code, stdout, stderr } = await runCommand("dead_letters", ["retry", "astray"], { env });
      assertEquals(code, 1, stderr);
      assertMatch(
        stdout,
        /^failed {5}astray {2}.*this ledger does not have it: do the running workers write to another/m,
      );
      assertEquals([await other.countCommitted(), await other.countRejected()], [0, 1]);
    }
    await other.close();
  }],

  ["deno task dead-letters shows nothing that a terminal would obey", async (lab) => {
    const { makeWrite } = await import("../contract/sink_store.ts");
    const requestId = "\u202e\u{1F600}";
    refused.add(requestId);
    await lab.sink.write({ batchId: "batch", writes: [makeWrite(requestId, { data: '"\u009b31m\u007f"' })] });
    await poll(lab);
    for (const args of [["list"], ["list", "--json"], ["show", requestId], ["retry", requestId]]) {
      const { stdout, stderr } = await run(lab, "dead_letters", ...args);
      assertMatch(stdout, /^[\n\x20-\x7e]+$/, stderr);
      assertStringIncludes(stdout, "no account for \\u202e\\ud83d\\ude00");
      if (!args.includes("--json") && args[0] !== "show") continue;
      const { data, ...letter } = JSON.parse(stdout);
      assertEquals([letter.requestId, data], [requestId, "\u009b31m\u007f"]);
    }
    assertEquals((await run(lab, "dead_letters", "drop", requestId)).code, 0);
  }],

  ["deno task sink check warns of a file behind a server that others may use", async (lab) => {
    for (
      const [address, warned] of [[lab.address, false], ["localhost:7233", false], ["db.example:7233", true]] as const
    ) {
      const { code, stdout, stderr } = await run(lab, "sink", "check", "--address", address);
      assertEquals([code, stdout.includes("Warning:")], [0, warned], stdout + stderr);
    }
  }],

  ["deno task ledger prune deletes old rows only, and only when it was told to", async (lab) => {
    const at = new Date(Date.now() - 40 * 86_400_000).toISOString();
    const { makeBatch, makeIds } = await import("../contract/sink_store.ts");
    const before = await lab.sink.countCommitted();
    await lab.sink.write(makeBatch("old", makeIds("old", 5)));
    await lab.sink.write(makeBatch("new", makeIds("new", 3)));
    const { DatabaseSync } = await import("node:sqlite");
    using database = new DatabaseSync(lab.ledgerFile);
    database.prepare("UPDATE batched_writes SET committed_at = ? WHERE batch_id = 'old'").run(at);

    const count = await run(lab, "ledger", "count", "--older-than", "30d");
    assertEquals(count.code, 0, count.stderr);
    assertStringIncludes(count.stdout, `${before + 8} rows in the ledger\n5 of them from before 20`);
    const dry = await run(lab, "ledger", "prune", "--older-than", "30d", "--dry-run");
    assertEquals([dry.code, dry.stdout.includes("deleted")], [0, false]);
    const unasked = await run(lab, "ledger", "prune", "--older-than", "30d");
    assertEquals(unasked.code, 2);
    assertStringIncludes(unasked.stderr, "Nothing was deleted: add --yes to delete 5 rows");
    assertEquals(await lab.sink.countCommitted(), before + 8);
    const pruned = await run(lab, "ledger", "prune", "--older-than", "30d", "--yes");
    assertEquals(pruned.code, 0, pruned.stderr);
    assertStringIncludes(pruned.stdout, "5 rows deleted");
    assertEquals(await lab.sink.countCommitted(), before + 3);
    assertStringIncludes((await run(lab, "ledger", "--help")).stdout, "the same write, repeated later than that");
  }],
]);

const postgresTest = postgresTests({ hba: ["host all with_password 127.0.0.1/32 scram-sha-256"] });

const PASSWORD = "planted-s3cret";

postgresTest("deno task sink migrate and check, ledger and dead-letters work on PostgreSQL", async (cluster) => {
  const { default: connect } = await import("postgres");
  const sql = connect(cluster.url(), { onnotice: () => {} });
  await sql.unsafe(`CREATE ROLE with_password SUPERUSER LOGIN PASSWORD '${PASSWORD}'`);
  const url = `postgres://with_password:${PASSWORD}@127.0.0.1:${cluster.port}/postgres?schema=my%20ledger`;
  const said: string[] = [];
  const command = async (name: string, args: string[], expected: number, spec = url) => {
    const { code, stdout, stderr } = await runCommand(name, args, { env: { SINK_URL: spec } });
    said.push(stdout, stderr);
    assertEquals(code, expected, stderr);
    return stdout + stderr;
  };

  assertStringIncludes(await command("sink", ["check"], 2), "deno task sink migrate");
  assertStringIncludes(await command("sink", ["migrate"], 0), "created: the tables are of version 3.");
  assertStringIncludes(await command("sink", ["migrate"], 0), "The tables were there, in version 3.");
  await sql.unsafe(`UPDATE "my ledger".batcher_schema SET version = 2`);
  const upgrade = await command("sink", ["migrate"], 0);
  assertStringIncludes(
    upgrade,
    "from version 2 to version 3.\nWorkers of an earlier version cannot use them: stop those",
  );
  const check = await command("sink", ["check"], 0);
  assertStringIncludes(check, `postgres://with_password@127.0.0.1:${cluster.port}/postgres\n`);
  assertMatch(check, /^Ledger: {8}[\w-]{36}, epoch [\w-]{36}\nEffect: {8}none\nRows: {10}0$/m);
  const renewed = await command("ledger", ["renew"], 0);
  const [, ledger, epoch] = /^The ledger (\S+) is in epoch (\S+) now$/m.exec(renewed) ?? [];
  assert(check.includes(`${ledger}, epoch `) && !check.includes(epoch), renewed);
  assertStringIncludes(await command("sink", ["check"], 0), `${ledger}, epoch ${epoch}`);
  assertStringIncludes(await command("sink", ["migrate", "--apply-name", "bank"], 0), 'through the effect "bank"');
  await assertRejects(() => PostgresSink.open({ url }), SinkError, 'the effect "bank"');
  await sql.unsafe(`CREATE ROLE clerk LOGIN; GRANT USAGE ON SCHEMA "my ledger" TO clerk;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "my ledger" TO clerk;
    REVOKE INSERT, UPDATE, DELETE ON "my ledger".batcher_schema FROM clerk`);
  await sql.end();
  const clerk = await command("sink", ["check"], 0, url.replace(`with_password:${PASSWORD}`, "clerk"));
  assertMatch(clerk, /^Effect: {8}"bank"$(?:\n.*)*^Note: {10}this role may not UPDATE .*'ledger prune'/m);
  await (await PostgresSink.open({ url, apply: () => {}, applyName: "bank" })).close();
  assertStringIncludes(await command("sink", ["migrate", "--no-apply"], 0), "through no effect");
  await (await PostgresSink.open({ url })).close();
  await command("sink", ["migrate", "--no-apply", "--apply-name", "bank"], 2);
  await command("sink", ["check", "--no-apply"], 2);
  assertStringIncludes(await command("sink", ["migrate", "--apply-name", "a\nb"], 2), "control characters");
  assertStringIncludes(await command("ledger", ["count"], 0), "0 rows in the ledger");
  assertStringIncludes(await command("dead_letters", ["list"], 0), "0 dead letters");

  const wrong = url.replace(PASSWORD, `${PASSWORD}-wrong`);
  assertStringIncludes(await command("sink", ["check"], 2, wrong), "28P01");
  assertStringIncludes(await command("sink", ["check"], 2, url.replace(`:${cluster.port}`, ":1")), "ECONNREFUSED");
  assertStringIncludes(
    await command("sink", ["check"], 2, url.replace("my%20", "%")),
    "Cannot use a --sink 'postgres:…'",
  );
  assert(!said.join("").includes(PASSWORD), said.join(""));
});
