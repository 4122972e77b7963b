/**
 * Tests on a real PostgreSQL server, which the tests of a file share: started by the first, ended after the last.
 *
 * @module
 */
import type { PostgresCluster, PostgresClusterOptions } from "../../src/server/postgres_cluster.ts";
import { findPostgres, INSTALL_POSTGRES } from "../../src/server/postgres_binaries.ts";
import { permitted } from "./permitted.ts";

/** Registers a test that gets the server of its file. */
export type PostgresTest = (name: string, run: (cluster: PostgresCluster) => Promise<void>) => void;

/**
 * Makes what registers the tests of a file.
 *
 * Where there is no PostgreSQL they are shown as ignored, with what to install; in CI they fail, so that nobody takes a
 * machine without PostgreSQL for one on which it works.
 */
export function postgresTests(options: PostgresClusterOptions = {}): PostgresTest {
  const missing = permitted && findPostgres() === undefined;
  const ignore = !permitted || missing && Deno.env.get("CI") !== "true";
  const hint = permitted ? INSTALL_POSTGRES : "run it with: deno task test";
  let starting: Promise<PostgresCluster> | undefined;
  const start = async () => await (await import("../../src/server/postgres_cluster.ts")).PostgresCluster.start(options);
  Deno.test.afterAll(async () => {
    await (await starting?.catch(() => undefined))?.[Symbol.asyncDispose]();
  });
  return (name, run) =>
    Deno.test({
      name: ignore ? `${name} (${hint})` : name,
      ignore,
      // The server belongs to all tests of the file, and so do the pipes to it.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => await run(await (starting ??= start())),
    });
}
