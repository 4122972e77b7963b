/** `deno task worker --into` and `--apply`, as a user runs them. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { postgresTests } from "../support/postgres_tests.ts";
import { runCommand } from "../support/run_command.ts";
import { Running } from "../support/running_command.ts";

/** Runs SQL on a file of its own. */
async function query(file: string, sql: string): Promise<Record<string, unknown>[]> {
  const { DatabaseSync } = await import("node:sqlite");
  using database = new DatabaseSync(file);
  return database.prepare(sql).all().map((row) => ({ ...row }));
}

async function write(lab: Lab, rows: readonly object[], ...args: string[]) {
  const stdin = rows.map((row) => JSON.stringify(row)).join("\n");
  const env = { TEMPORAL_ADDRESS: lab.address };
  return await runCommand("write", ["--input", "-", "--id-field", "order", ...args], { stdin, env });
}

const TRANSFERS = `
export const applyName = "balance";
export function apply(tx, writes) {
  return writes.map(({ requestId, data }) => {
    if (data.amount > 100) throw new RangeError(\`\${requestId} is too much\`);
    tx.run("UPDATE balance SET amount = amount + ?", data.amount);
    return tx.all("SELECT amount FROM balance")[0].amount;
  });
}
`;

labTests({}, [
  ["deno task worker --into fills a table, and the ledger refuses a worker without it", async (lab) => {
    const file = `${lab.ledgerFile}.into`;
    await query(
      file,
      "CREATE TABLE orders (id TEXT PRIMARY KEY, who TEXT NOT NULL, amount INTEGER, note TEXT DEFAULT '-')",
    );
    const sink = ["--role", "batcher", "--name", "into", "--sink", `sqlite:${file}`];
    const into = ["--into", "orders", "--columns", "id=$requestId, who=customer,amount,note"];
    await using worker = new Running("worker", [...sink, ...into], lab);
    await worker.until("Ready.");
    const rows = [
      { order: "o1", customer: "Ann", amount: 5, left: "out" },
      { order: "o2", amount: 7 },
      { order: "o3", customer: { name: "Bo" }, note: "n" },
    ];
    const { code, stdout } = await write(lab, rows, "--name", "into");
    assertEquals(code, 1);
    assertStringIncludes(stdout, "2 committed, 0 duplicate, 1 rejected");
    assertStringIncludes(stdout, "o2  rejected: SQLITE_CONSTRAINT_NOTNULL");
    assertStringIncludes((await write(lab, rows, "--name", "into")).stdout, "0 committed, 2 duplicate, 1 rejected");
    assertEquals(await query(file, "SELECT * FROM orders ORDER BY id"), [
      { id: "o1", who: "Ann", amount: 5, note: "-" },
      { id: "o3", who: '{"name":"Bo"}', amount: null, note: "n" },
    ]);
    await worker.interrupt();
    const bare = await runCommand("worker", sink, { env: { TEMPORAL_ADDRESS: lab.address } });
    assertEquals(bare.code, 2);
    assertStringIncludes(bare.stderr, 'its rows go through the effect "into:orders(id=$requestId,who=customer,');
    assertStringIncludes(bare.stderr, "of a worker --into or --apply");
  }],

  ["deno task worker --apply runs the function of a module, in the transaction of the rows", async (lab) => {
    const file = `${lab.ledgerFile}.apply`;
    await query(file, "CREATE TABLE balance (amount INTEGER)");
    await query(file, "INSERT INTO balance VALUES (0)");
    const module = `${lab.ledgerFile}.transfers.ts`;
    await Deno.writeTextFile(module, TRANSFERS);
    const args = ["--role", "batcher", "--name", "apply", "--sink", `sqlite:${file}`, "--apply", module];
    await using worker = new Running("worker", args, lab);
    await worker.until("Ready.");
    const rows = [{ order: "t1", amount: 5 }, { order: "t2", amount: 101 }, { order: "t3", amount: 7 }];
    const receipts = `${lab.ledgerFile}.receipts`;
    const { stdout } = await write(lab, rows, "--name", "apply", "--receipts", receipts);
    assertStringIncludes(stdout, "t2  rejected: RangeError: t2 is too much");
    assertEquals(await query(file, "SELECT amount FROM balance"), [{ amount: 12 }]);
    const results = (await Deno.readTextFile(receipts)).trim().split("\n").map((line) => JSON.parse(line).result);
    assertEquals(results.filter((result) => result !== undefined), [5, 12]);
    await worker.interrupt();
  }],

  ["deno task worker --apply says in one line what is wrong with a module", async (lab) => {
    const module = `${lab.ledgerFile}.wrong.ts`;
    const said = async (text: string) => {
      await Deno.writeTextFile(module, text);
      const { code, stderr } = await runCommand("worker", ["--apply", module]);
      assertEquals([code, stderr.split("\n").length], [2, 3], stderr);
      return stderr.split("\n")[0].replace(`error: Cannot use --apply ${module}: `, "");
    };
    assertEquals(await said("export const apply = {};"), "its 'apply' must be a function: it is an object");
    assertEquals(
      await said("export function apply() {}"),
      "it does not export 'applyName', a name for what 'apply' does, which the ledger keeps",
    );
    const named = "export function apply() {} export const applyName =";
    assertEquals(await said(`${named} 5;`), "applyName must be a string: it is a number");
    assertEquals(await said(`${named} "";`), "applyName must not be empty");
    assertEquals(await said("throw new Error('no\\nway');"), "it cannot be loaded: no | way");
    assertStringIncludes(await said("export functon"), "it cannot be loaded: ");
  }],

  ["deno task worker --into says what to do about a table that is missing", async (lab) => {
    const args = ["--into", "ordres", "--sink", `sqlite:${lab.ledgerFile}.missing`];
    const { code, stderr } = await runCommand("worker", args, { env: { TEMPORAL_ADDRESS: lab.address } });
    assertEquals(code, 2);
    assertStringIncludes(stderr, `error: Cannot fill the table "ordres" as sqlite:${lab.ledgerFile}.missing has none`);
  }],
]);

const postgresTest = postgresTests();

postgresTest(
  "openSink() fills a PostgreSQL table of another schema than the ledger's",
  async (cluster) => {
    const { migratePostgresSink } = await import("../../src/sinks/postgres/sink.ts");
    const { openSink } = await import("../../src/sinks/open_sink.ts");
    const { default: connect } = await import("postgres");
    await migratePostgresSink({ url: cluster.url(), schema: "ledger" });
    const sql = connect(cluster.url(), { max: 1, onnotice: () => {} });
    await sql.unsafe("CREATE SCHEMA shop; CREATE TABLE shop.orders (id text, amount numeric)");
    const url = new URL(cluster.url());
    url.searchParams.set("schema", "ledger");
    const sink = await openSink(url.href, { into: { table: "shop.orders" } });
    const data = '{"id":"a","amount":0.1}';
    const [{ status }] = await sink.write({
      batchId: "b",
      writes: [{ requestId: "a", digest: "d", data, partitionKey: null }],
    });
    await sink.close();
    assertEquals(status, "committed");
    const rows = await sql.unsafe("SELECT id, amount FROM shop.orders");
    assertEquals(rows.map(({ id, amount }) => [id, amount]), [["a", "0.1"]]);
    await sql.end();
  },
);
