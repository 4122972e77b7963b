/**
 * Tests on a real PostgreSQL server, which the tests of a file share: started by the first, ended after the last.
 *
 * @module
 */
import type { PostgresCluster, PostgresClusterOptions } from "../../src/server/postgres_cluster.ts";
import { findPostgres, INSTALL_POSTGRES } from "../../src/server/postgres_binaries.ts";
import { permitted } from "./permitted.ts";
import { findPgbouncer, INSTALL_PGBOUNCER, type Pgbouncer, type PoolMode } from "./pgbouncer.ts";

/** Registers a test that gets the server of its file. */
export type PostgresTest = (name: string, run: (cluster: PostgresCluster) => Promise<void>) => void;

/** Registers a test that gets the server of its file, and a pooler in front of it. */
export type PgbouncerTest = (
  name: string,
  run: (cluster: PostgresCluster, pgbouncer: Pgbouncer) => Promise<void>,
) => void;

/**
 * Makes what registers the tests of a file.
 *
 * Where there is no PostgreSQL they are shown as ignored, with what to install; in CI they fail, so that nobody takes a
 * machine without PostgreSQL for one on which it works.
 */
export function postgresTests(options: PostgresClusterOptions = {}): PostgresTest {
  const start = async () => await (await import("../../src/server/postgres_cluster.ts")).PostgresCluster.start(options);
  return sharing(start, permitted && findPostgres() === undefined ? INSTALL_POSTGRES : undefined);
}

/**
 * Makes what registers tests that go through a PgBouncer, as {@linkcode postgresTests} does.
 *
 * @param mode How it pools connections.
 */
export function pgbouncerTests(mode: PoolMode): PgbouncerTest {
  const start = async () => {
    await using stack = new AsyncDisposableStack();
    const { PostgresCluster } = await import("../../src/server/postgres_cluster.ts");
    const cluster = stack.use(await PostgresCluster.start());
    const { Pgbouncer } = await import("./pgbouncer.ts");
    const pgbouncer = stack.use(await Pgbouncer.start(cluster, mode));
    const started = stack.move();
    return { cluster, pgbouncer, [Symbol.asyncDispose]: () => started.disposeAsync() };
  };
  const missing = permitted && findPostgres() === undefined
    ? INSTALL_POSTGRES
    : permitted && findPgbouncer() === undefined
    ? INSTALL_PGBOUNCER
    : undefined;
  const register = sharing(start, missing);
  return (name, run) => register(name, ({ cluster, pgbouncer }) => run(cluster, pgbouncer));
}

/** @param missing What to install, where something is missing. */
function sharing<T extends AsyncDisposable>(start: () => Promise<T>, missing: string | undefined) {
  const ignore = !permitted || missing !== undefined && Deno.env.get("CI") !== "true";
  const hint = permitted ? missing : "run it with: deno task test";
  let starting: Promise<T> | undefined;
  Deno.test.afterAll(async () => {
    await (await starting?.catch(() => undefined))?.[Symbol.asyncDispose]();
  });
  return (name: string, run: (shared: T) => Promise<void>) =>
    Deno.test({
      name: ignore ? `${name} (${hint})` : name,
      ignore,
      // The server belongs to all tests of the file, and so do the pipes to it.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => await run(await (starting ??= start())),
    });
}
