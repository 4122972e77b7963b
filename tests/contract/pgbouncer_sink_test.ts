/** The contract of sinks, through a pooler in each of its modes. */
import { pgbouncerTests } from "../support/postgres_tests.ts";
import { sinkContract } from "./sink_contract.ts";
import type { SinkStore } from "./sink_store.ts";

for (const mode of ["session", "transaction"] as const) {
  const pgbouncerTest = pgbouncerTests(mode);
  let createStore: () => Promise<SinkStore>;
  sinkContract(
    { name: `PostgresSink through PgBouncer, ${mode} mode`, createStore: () => createStore() },
    (name, run) =>
      pgbouncerTest(name, async (cluster, { url }) => {
        const { PostgresStore } = await import("./postgres_store.ts");
        createStore = () => PostgresStore.create(cluster, { url });
        await run();
      }),
  );
}
