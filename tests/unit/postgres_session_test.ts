/** What a connection to PostgreSQL keeps, sends and gives up. */
import { assert, assertEquals } from "@std/assert";
import { makeBatch } from "../contract/sink_store.ts";
import { PostgresStore } from "../contract/postgres_store.ts";
import { collectGarbage } from "../support/collect_garbage.ts";
import { postgresTests } from "../support/postgres_tests.ts";

const postgresTest = postgresTests();

postgresTest("a session keeps no rows of the statements that it has run", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const rows: WeakRef<object>[] = [];
  const sink = await store.openWith({
    apply: async (tx) => void rows.push(new WeakRef((await tx.all("SELECT repeat('x', 1000) AS x"))[0])),
  });
  for (let i = 0; i < 50; i++) await sink.write(makeBatch(`batch ${i}`, [`${i}`]));
  await collectGarbage();
  const kept = rows.filter((row) => row.deref() !== undefined).length;
  assertEquals(rows.length, 50);
  // The driver may hold on to its last result.
  assert(kept <= 2, `${kept} of 50 results are still there`);
  await sink.close();
});
