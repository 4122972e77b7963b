/** What becomes of connections whose server turns out to be the wrong one. */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { migratePostgresSink, type PostgresSink, type PostgresSinkOptions } from "../../src/sinks/postgres/sink.ts";
import { SinkError } from "../../src/sinks/sink.ts";
import { EACH, makeBatch } from "../contract/sink_store.ts";
import { PostgresStore } from "../contract/postgres_store.ts";
import { eventually } from "../support/eventually.ts";
import { NetworkLink } from "../../src/lab/harness/network_link.ts";
import { postgresTests } from "../support/postgres_tests.ts";

const postgresTest = postgresTests();

async function refusedAsReadOnly(sink: PostgresSink, id: string): Promise<void> {
  const { kind, wrote, message } = await assertRejects(() => sink.write(makeBatch(id, [id])), SinkError);
  assertEquals([kind, wrote], ["unavailable", "no"]);
  assert(message.includes("25006"), message);
}

async function statusOf(sink: PostgresSink, id: string): Promise<string> {
  return (await sink.write(makeBatch(id, [id])))[0].status;
}

postgresTest("write() leaves sessions behind that were opened while the server was read-only", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const { schema } = store;
  await store.query(`CREATE ROLE writer LOGIN; GRANT USAGE ON SCHEMA ${schema} TO writer;
    GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO writer; ALTER ROLE writer SET default_transaction_read_only = on`);
  const url = cluster.url("postgres", "writer");
  for (const [kind, apply] of [["no apply", undefined], ["apply", () => {}]] as const) {
    await migratePostgresSink(store.options, apply && EACH);
    await store.query("ALTER ROLE writer SET default_transaction_read_only = on");
    const sink = await store.openWith({ url, apply });
    // Two sessions, which are well as far as reading goes.
    await Promise.all([sink.countCommitted(), sink.countCommitted()]);
    await store.query("ALTER ROLE writer RESET default_transaction_read_only");
    await refusedAsReadOnly(sink, kind);
    const later = await Promise.all(["1", "2", "3", "4"].map((n) => statusOf(sink, `${kind} ${n}`)));
    assertEquals(later, new Array(4).fill("committed"));
    await sink.close();
  }
  await store.query("DROP OWNED BY writer; DROP ROLE writer");
});

postgresTest(
  "write() reaches the primary after a failover that led it to a standby, and after the next one",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    await using standby = await cluster.startStandby();
    using proxy = new NetworkLink(standby.port);
    const sink = await store.openWith({ url: `postgres://postgres@127.0.0.1:${proxy.port}/postgres` });
    await refusedAsReadOnly(sink, "a");
    // The address moves on, and connections that are open stay where they are.
    proxy.serverPort = cluster.port;
    assertEquals(await statusOf(sink, "a"), "committed");
    const copy = await store.openWith({ url: standby.url() });
    await eventually("the standby has the row", async () => await copy.countCommitted() === 1);
    await copy.close();
    const hosts = [standby, cluster].map(({ port }) => `127.0.0.1:${port}`).join(",");
    const url = `postgres://postgres@${hosts}/postgres?target_session_attrs=primary`;
    const either = await store.openWith({ url });
    assertEquals(await statusOf(either, "of several hosts"), "committed");
    await either.close();

    const { default: connect } = await import("postgres");
    const onStandby = connect(standby.url(), { max: 1 });
    await onStandby`SELECT pg_promote()`;
    await onStandby.end();
    proxy.serverPort = standby.port;
    await store.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'temporal-batcher'",
    );
    const status = await eventually("a write succeeds", () => statusOf(sink, "a").catch(() => undefined));
    assertEquals(status, "duplicate");
    assertEquals(await statusOf(sink, "b"), "committed");
    assertEquals((await store.ledger()).map(({ requestId }) => requestId), ["a", "of several hosts"]);
    await sink.close();
  },
);

async function sessionOf(sink: PostgresSink, id: string, pids: unknown[]): Promise<unknown> {
  assertEquals(await statusOf(sink, id), "committed");
  return pids.at(-1);
}

postgresTest(
  "write() opens a new session when the one that it would take has reached its maximum age",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    const pids: unknown[] = [];
    const apply: PostgresSinkOptions["apply"] = async (tx) =>
      void pids.push((await tx.all("SELECT pg_backend_pid() AS pid"))[0].pid);
    const lasting = await store.openWith({ apply });
    const first = await sessionOf(lasting, "a", pids);
    assertEquals(await sessionOf(lasting, "b", pids), first);
    await lasting.close();

    const brief = await store.openWith({ apply, sessionMaxAgeMs: 1 });
    const before = await sessionOf(brief, "c", pids);
    const openedBy = performance.now();
    await eventually("it is older than that", () => Promise.resolve(performance.now() - openedBy > 1));
    assertNotEquals(await sessionOf(brief, "d", pids), before);
    const rows = await store.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'temporal-batcher'");
    assert(rows.length <= 1, Deno.inspect(rows));
    await brief.close();
  },
);
