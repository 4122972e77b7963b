/** How a PostgreSQL sink keeps its settings through a pooler, and what it leaves behind there. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { SinkError } from "../../src/sinks/sink.ts";
import { PostgresStore } from "../contract/postgres_store.ts";
import { makeBatch, makeIds } from "../contract/sink_store.ts";
import { eventually } from "../support/eventually.ts";
import { pgbouncerTests } from "../support/postgres_tests.ts";

const SETTINGS = `SELECT current_setting('statement_timeout') AS statement_timeout,
  current_setting('idle_in_transaction_session_timeout') AS pause, current_setting('transaction_isolation') AS isolation,
  current_setting('synchronous_commit') AS synchronous_commit`;

for (const mode of ["session", "transaction"] as const) {
  const pgbouncerTest = pgbouncerTests(mode);

  pgbouncerTest(
    `write() through PgBouncer in ${mode} mode has its limits in every transaction`,
    async (cluster, { url }) => {
      await using store = await PostgresStore.create(cluster, { url });
      await store.query(`ALTER DATABASE postgres SET synchronous_commit = off;
      ALTER DATABASE postgres SET default_transaction_isolation = 'serializable'`);
      const seen: unknown[] = [];
      const sink = await store.openWith({
        statementTimeoutMs: 7_000,
        applyTimeoutMs: 2_000,
        apply: async (tx) => void seen.push(...await tx.all(SETTINGS)),
      });
      for (const id of makeIds("a", 8)) {
        assertEquals((await sink.write(makeBatch(id, [id])))[0].status, "committed");
      }
      const expected = {
        statement_timeout: "7s",
        pause: "7s",
        isolation: "read committed",
        synchronous_commit: "on",
      };
      assertEquals(seen, new Array(8).fill(expected));
      await sink.close();
      await store.query(`ALTER DATABASE postgres RESET ALL`);
    },
  );

  pgbouncerTest(
    `write() through PgBouncer in ${mode} mode gives up a statement after its limit`,
    async (cluster, { url }) => {
      await using store = await PostgresStore.create(cluster, { url });
      const { schema } = store;
      const sink = await store.openWith({ statementTimeoutMs: 100 });
      const release = Promise.withResolvers<void>();
      const locked = Promise.withResolvers<void>();
      const lock = store.sql.begin(async (tx) => {
        await tx.unsafe(`LOCK TABLE ${schema}.batched_writes IN EXCLUSIVE MODE`);
        locked.resolve();
        await release.promise;
      });
      await locked.promise;
      const { kind, wrote, message } = await assertRejects(() => sink.write(makeBatch("batch", ["a"])), SinkError);
      assertEquals([kind, wrote], ["unavailable", "no"]);
      assert(message.includes("57014"), message);
      release.resolve();
      await lock;
      const again = async () => (await sink.write(makeBatch("batch", ["a"])))[0].status;
      assertEquals(await eventually("a write is in time", again), "committed");
      await sink.close();
    },
  );

  pgbouncerTest(
    `PostgresSink.open() through PgBouncer in ${mode} mode says which parameter of the address it does not take, and whom`,
    async (cluster, { url }) => {
      await using store = await PostgresStore.create(cluster, { url });
      const open = () => store.openWith({ url: `${url}?search_path=other` });
      const { kind, wrote, message } = await assertRejects(open, SinkError);
      assertEquals([kind, wrote], ["setup", "no"], message);
      assert(message.includes("search_path") && message.includes("ignore_startup_parameters"), message);
      assert(message.includes("there are schema, ledger_table, dead_letter_table"), message);
      const stranger = () => store.openWith({ url: url.replace("postgres@", "stranger@") });
      const refused = await assertRejects(stranger, SinkError);
      assertEquals([refused.kind, refused.wrote], ["setup", "no"], refused.message);
    },
  );
}

const pgbouncerTest = pgbouncerTests("transaction");

pgbouncerTest("PostgresSink.open() says that a PgBouncer in statement mode is of no use", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const { Pgbouncer } = await import("../support/pgbouncer.ts");
  await using pgbouncer = await Pgbouncer.start(cluster, "statement");
  for (const pooling of ["auto", "transaction"] as const) {
    const { kind, wrote, message } = await assertRejects(
      () => store.openWith({ url: pgbouncer.url, pooling }),
      SinkError,
    );
    assertEquals([kind, wrote], ["setup", "no"], message);
    assert(message.includes("statement mode") && message.includes("pool_mode"), message);
  }
});

pgbouncerTest(
  "a sink leaves neither settings nor prepared statements on the connections of a pooler",
  async (cluster, { url }) => {
    await using store = await PostgresStore.create(cluster, { url });
    const { default: connect } = await import("postgres");
    const sink = await store.openWith({
      statementTimeoutMs: 7_000,
      apply: async (tx) => void await tx.run("SELECT $1::text", "x"),
    });
    for (const id of makeIds("a", 12)) await Promise.all([sink.write(makeBatch(id, [id])), sink.countCommitted()]);
    await sink.write(makeBatch("again", makeIds("a", 12)));
    const other = connect(url, { max: 1, prepare: false, fetch_types: false });
    const pids = new Set<unknown>();
    for (let i = 0; i < 12; i++) {
      const [row] = await other.unsafe(
        `SELECT pg_backend_pid() AS pid, current_setting('statement_timeout') AS time_limit,
        current_setting('idle_in_transaction_session_timeout') AS pause,
        (SELECT count(*)::int FROM pg_prepared_statements) AS prepared`,
      );
      pids.add(row.pid);
      assertEquals([row.time_limit, row.pause, row.prepared], ["0", "0", 0]);
    }
    assert(pids.size > 1, "one connection was used for all");
    await other.end();
    await sink.close();
  },
);
