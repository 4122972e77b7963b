/** What a PostgreSQL sink says when the connection or the server goes away. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { PostgresCluster } from "../../src/server/postgres_cluster.ts";
import { type Outcome, SinkError } from "../../src/sinks/sink.ts";
import { makeBatch, makeIds } from "../contract/sink_store.ts";
import { PostgresStore } from "../contract/postgres_store.ts";
import { eventually } from "../support/eventually.ts";
import { type Cut, NetworkLink } from "../../src/lab/harness/network_link.ts";
import { postgresTests } from "../support/postgres_tests.ts";

const postgresTest = postgresTests();

function through(proxy: NetworkLink) {
  return { url: `postgres://postgres@127.0.0.1:${proxy.port}/postgres` };
}

async function failure(call: () => Promise<unknown>): Promise<[string, string]> {
  const { kind, wrote } = await assertRejects(call, SinkError);
  return [kind, wrote];
}

const SESSIONS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'temporal-batcher'";

const CUTS: readonly (readonly [Cut, Outcome["status"]])[] = [["request", "committed"], ["answer", "duplicate"]];

/** A sink with `apply` sends COMMIT; without one, the statement that has the batch's id is its own transaction. */
const MARKERS = { "apply()": "COMMIT\0", "no apply()": "the lost batch" };

for (const [cut, again] of CUTS) {
  for (const [kind, marker] of Object.entries(MARKERS)) {
    postgresTest(
      `write() with ${kind} whose commit loses its ${cut} is unknown, and is safe again`,
      async (cluster) => {
        await using store = await PostgresStore.create(cluster);
        using proxy = new NetworkLink(cluster.port);
        const applies = kind === "apply()";
        const sink = await store.openWith({
          ...through(proxy),
          apply: !applies ? undefined : async (tx, writes) => {
            for (const { requestId } of writes) {
              await tx.run(`INSERT INTO ${store.schema}.effects (request_id) VALUES ($1)`, requestId);
            }
          },
        });
        proxy.cutAt(marker, cut);
        const batch = makeBatch("the lost batch", makeIds("a", 100));
        assertEquals(await failure(() => sink.write(batch)), ["unavailable", "unknown"]);
        const outcomes = await sink.write(batch);
        assert(outcomes.every(({ status }) => status === again));
        assertEquals((await store.ledger()).length, 100);
        assertEquals((await store.effects()).length, applies ? 100 : 0);
        await sink.close();
      },
    );
  }
}

postgresTest("write() is unknown when the server crashes between its commit and its answer", async (cluster) => {
  const store = await PostgresStore.create(cluster);
  using proxy = new NetworkLink(cluster.port);
  const sink = await store.openWith(through(proxy));
  proxy.cutAt("the lost batch", "answer", () => cluster.crash());
  const batch = makeBatch("the lost batch", ["a", "b"]);
  try {
    assertEquals(await failure(() => sink.write(batch)), ["unavailable", "unknown"]);
    assertEquals(await failure(() => sink.write(batch)), ["unavailable", "no"]);
  } finally {
    await cluster.restart();
  }
  assertEquals((await sink.write(batch)).map(({ status }) => status), ["duplicate", "duplicate"]);
  await sink.close();
  await store[Symbol.asyncDispose]();
});

postgresTest(
  "write() is unknown when the connection is lost after a statement stored rows for good",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    const { schema } = store;
    await store.query(`CREATE FUNCTION ${schema}.skip() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RETURN CASE WHEN new.request_id LIKE 'skip%' THEN NULL ELSE new END; END $$;
    CREATE TRIGGER skip BEFORE INSERT ON ${schema}.batched_writes FOR EACH ROW EXECUTE FUNCTION ${schema}.skip()`);
    using proxy = new NetworkLink(cluster.port);
    const sink = await store.openWith(through(proxy));
    const lost: string[] = [];
    const loseAt = async (marker: string, ids: readonly string[]) => {
      proxy.cutAt(marker, "request");
      lost.push((await failure(() => sink.write(makeBatch("batch", ids)))).join(" "));
    };
    await loseAt("BEGIN", ["a", "skip"]);
    await loseAt("request_id = ANY", ["b", "a"]);
    await loseAt("request_id = ANY", ["a", "skip"]);
    assertEquals(lost, ["unavailable unknown", "unavailable unknown", "unavailable no"]);
    assertEquals((await store.ledger()).map(({ requestId }) => requestId), ["a", "b"]);
    await sink.close();
  },
);

postgresTest("write() was not written when its connection is ended before the commit", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  let end = true;
  const sink = await store.openWith({
    apply: async (tx) => {
      if (!end) return;
      const [{ pid }] = await tx.all("SELECT pg_backend_pid() AS pid");
      await store.query(`SELECT pg_terminate_backend(${pid})`);
      await tx.all("SELECT pg_sleep(60)");
    },
  });
  assertEquals(await failure(() => sink.write(makeBatch("batch", ["a"]))), ["unavailable", "no"]);
  assertEquals(await store.ledger(), []);
  end = false;
  assertEquals((await sink.write(makeBatch("batch", ["a"])))[0].status, "committed");
  await sink.close();
});

postgresTest(
  "write() is safe again soon after the network is gone inside a transaction, as the server lets go",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    using proxy = new NetworkLink(cluster.port);
    const sink = await store.openWith({
      ...through(proxy),
      statementTimeoutMs: 500,
      applyTimeoutMs: 100,
      apply: async (tx) => void await tx.run("SELECT 1"),
    });
    proxy.cutAt("COMMIT", "line");
    assertEquals(await failure(() => sink.write(makeBatch("batch", ["a"]))), ["unavailable", "unknown"]);
    assertEquals((await sink.write(makeBatch("batch", ["a"])))[0].status, "committed");
    await sink.close();
  },
);

postgresTest("write() opens a new connection when the server has ended an idle one", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const sink = await store.open();
  const before = await store.query(SESSIONS);
  assertEquals(before.length, 1);
  await store.query(`SELECT pg_terminate_backend(pid) FROM (${SESSIONS}) AS sessions`);
  const status = await eventually("a write succeeds", async () => (await sink.write(makeBatch("b", ["a"])))[0].status);
  assertEquals(status, "committed");
  assert((await store.query(SESSIONS)).every(({ pid }) => pid !== before[0].pid));
  await sink.close();
});

postgresTest("close() leaves no connection", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const sink = await store.open();
  await sink.write(makeBatch("batch", ["a"]));
  await sink.close();
  await eventually("no session is left", async () => (await store.query(SESSIONS)).length === 0);
});

/** A server that takes connections and never says a word. */
function silentServer(): Deno.TcpListener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const connection of listener) connection.read(new Uint8Array(1)).catch(() => {});
  })();
  return listener;
}

postgresTest(
  "PostgresSink.open() is unavailable when nothing answers, or nothing listens",
  async (cluster: PostgresCluster) => {
    const { PostgresSink } = await import("../../src/sinks/postgres/sink.ts");
    using silent = silentServer();
    const { port } = silent.addr as Deno.NetAddr;
    assert(port !== cluster.port);
    const open = (at: number) =>
      PostgresSink.open({ url: `postgres://postgres@127.0.0.1:${at}/postgres`, connectTimeoutMs: 200 });
    assertEquals(await failure(() => open(port)), ["unavailable", "no"]);
    assertEquals(await failure(() => open(1)), ["unavailable", "no"]);
  },
);
