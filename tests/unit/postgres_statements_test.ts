/** How many statements a flush costs, counted by the server. */
import { assert, assertEquals } from "@std/assert";
import { makeBatch, makeIds, makeWrite } from "../contract/sink_store.ts";
import { PostgresStore } from "../contract/postgres_store.ts";
import { postgresTests } from "../support/postgres_tests.ts";
import { COUNTING, countStatements, resetStatements } from "../support/statement_count.ts";

const postgresTest = postgresTests({ settings: COUNTING });

postgresTest("write() of good rows is one statement, which is its own transaction", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const sink = await store.open();
  await resetStatements(store.sql);
  for (let i = 0; i < 20; i++) await sink.write(makeBatch(`batch ${i}`, makeIds(`${i}`, 1_000)));
  const { statements, commits, byText } = await countStatements(store.sql, store.schema);
  assertEquals([statements, commits], [20, 0], Deno.inspect(byText));
  await sink.close();
});

postgresTest("write() of rows that are there, and of results, costs one statement more for each", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const sink = await store.openWith({ apply: (_tx, writes) => writes.map(({ requestId }) => requestId) });
  await sink.write(makeBatch("first", makeIds("a", 1_000)));
  await resetStatements(store.sql);
  await sink.write(makeBatch("again", makeIds("a", 1_000)));
  assertEquals((await countStatements(store.sql, store.schema)).statements, 2);
  await resetStatements(store.sql);
  await sink.write(makeBatch("new", makeIds("b", 1_000)));
  assertEquals((await countStatements(store.sql, store.schema)).statements, 2);
  await sink.close();
});

/** Refused rows of 1,000, and how many statements more than the one of good rows they may cost, BEGIN and all. */
const BUDGET = [[1, 28], [10, 200], [100, 1_100], [1_000, 2_100]] as const;

for (const [bad, statementsMax] of BUDGET) {
  for (const place of bad === 1 ? [0, 1, 37, 613, 999] : [37]) {
    postgresTest(
      `write() of 1,000 rows, ${bad} of them bad (at ${place}), costs at most ${statementsMax} statements more`,
      async (cluster) => {
        await using store = await PostgresStore.create(cluster);
        await store.query(`ALTER TABLE ${store.schema}.batched_writes ADD CHECK (data ->> 'id' <> 'bad')`);
        const sink = await store.open();
        const writes = makeIds("a", 1_000).map((id, index) =>
          makeWrite(id, index % (1_000 / bad) === place % (1_000 / bad) ? { data: '{"id":"bad"}' } : {})
        );
        await resetStatements(store.sql);
        const outcomes = await sink.write({ batchId: "batch", writes });
        const { byText, statements, controls, commits, rollbacks } = await countStatements(store.sql, store.schema);
        assertEquals(outcomes.filter(({ status }) => status === "rejected").length, bad);
        assertEquals(outcomes.filter(({ status }) => status === "committed").length, 1_000 - bad);
        assertEquals(commits, 1);
        // The server's statistics leave out the statements that it refused: the first one, and those that were undone.
        const more = statements + controls + rollbacks;
        if (Deno.env.get("SHOW")) console.log("SHOW", bad, place, more);
        assert(more <= statementsMax, `${more} statements more`);
        assertEquals([...byText].filter(([query]) => query.startsWith("INSERT")).map(([, calls]) => calls), [1]);
        await sink.close();
      },
    );
  }
}
