import type { PostgresCluster } from "../../src/server/postgres_cluster.ts";
import { postgresTests } from "../support/postgres_tests.ts";
import { sinkContract } from "./sink_contract.ts";

const postgresTest = postgresTests();

let cluster: PostgresCluster;
const createStore = async () => await (await import("./postgres_store.ts")).PostgresStore.create(cluster);

sinkContract({ name: "PostgresSink", createStore }, (name, run) =>
  postgresTest(name, async (started) => {
    cluster = started;
    await run();
  }));
