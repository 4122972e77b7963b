/** Flushes of the whole system on PostgreSQL, counted by the server. */
import { assert, assertEquals } from "@std/assert";
import type { PostgresCluster } from "../../src/server/postgres_cluster.ts";
import type { PostgresSinkOptions } from "../../src/sinks/postgres/sink.ts";
import { postgresTests } from "../support/postgres_tests.ts";
import { COUNTING, countStatements, resetStatements, type StatementCount } from "../support/statement_count.ts";

const WRITES = 5_000;

const postgresTest = postgresTests({ settings: COUNTING });

/** Writes good rows from many callers, and says how many flushes and how many statements that were. */
async function countFlushes(
  cluster: PostgresCluster,
  apply?: PostgresSinkOptions["apply"],
): Promise<{ flushes: number; count: StatementCount }> {
  const { Lab } = await import("../support/lab.ts");
  const { PostgresStore } = await import("../contract/postgres_store.ts");
  await using store = await PostgresStore.create(cluster);
  await using lab = await Lab.open({ openSink: () => store.openWith({ apply }) });
  const name = lab.name("counted");
  await lab.batcherWorker(name);
  const writers = [lab.writer(name), lab.writer(name)];
  // A batcher's first flush asks besides which ledger it is, and then whether other workers have the same.
  await writers[0].write({ requestId: "first", data: {} });
  await lab.ledgersCompared(name);
  const before = lab.flushesOf(name).length;
  await resetStatements(store.sql);
  const receipts = await Promise.all(
    Array.from({ length: WRITES }, (_, n) => writers[n % 2].write({ requestId: `${n}`, data: { n } })),
  );
  const count = await countStatements(store.sql, store.schema);
  assert(receipts.every(({ status }) => status === "committed"));
  assertEquals((await store.ledger()).length, 1 + WRITES);
  const flushes = lab.flushesOf(name).slice(before);
  assert(flushes.every(({ error }) => error === undefined), Deno.inspect(flushes));
  return { flushes: flushes.length, count };
}

postgresTest("a flush without apply() is one statement, which is its own transaction", async (cluster) => {
  const { flushes, count } = await countFlushes(cluster);
  assertEquals([count.statements, count.begins], [flushes, 0], Deno.inspect(count.byText));
});

postgresTest(
  "a flush with apply() is one transaction, and two statements besides those of apply()",
  async (cluster) => {
    const { flushes, count } = await countFlushes(cluster, (_tx, writes) => writes.map(({ requestId }) => requestId));
    const { statements, begins, commits, controls, byText } = count;
    const expected = [2 * flushes, flushes, flushes, 2 * flushes];
    assertEquals([statements, begins, commits, controls], expected, Deno.inspect(byText));
  },
);
