import { assertEquals } from "@std/assert";
import type postgres from "postgres";
import type { PostgresCluster } from "../../src/server/postgres_cluster.ts";
import { classifyPostgresError } from "../../src/sinks/postgres/errors.ts";
import { postgresTests } from "../support/postgres_tests.ts";

const postgresTest = postgresTests({
  hba: ["host all with_password 127.0.0.1/32 scram-sha-256", "host all nobody_else 127.0.0.1/32 reject"],
});

type Kind = [code: string, kind: string];

/** Connects with the driver alone. */
async function connect(cluster: PostgresCluster, user?: string, database?: string): Promise<postgres.Sql> {
  const { default: driver } = await import("postgres");
  return driver(cluster.url(database, user), { max: 1, onnotice: () => {} });
}

async function provoke(what: string, call: () => Promise<unknown>): Promise<Kind> {
  try {
    await call();
  } catch (error) {
    const { code, kind } = classifyPostgresError(error);
    return [code, kind];
  }
  throw new Error(`${what} did not fail`);
}

/** Runs statements, each of which must fail with its code and kind. */
async function provokeEach(sql: postgres.Sql, kind: string, faults: readonly (readonly [string, string])[]) {
  for (const [statement, code] of faults) {
    assertEquals(await provoke(statement, () => sql.unsafe(statement)), [code, kind], statement);
  }
}

const TABLES = `
  CREATE TABLE t (id int PRIMARY KEY, u text UNIQUE, n text NOT NULL DEFAULT '', c int CHECK (c > 0),
    f int REFERENCES t (id), d numeric(4, 2), s varchar(3));
  CREATE TABLE e (r int4range, EXCLUDE USING gist (r WITH &&));
  CREATE VIEW positive AS SELECT * FROM t WHERE id > 0 WITH CHECK OPTION;
  CREATE FUNCTION raise(code text) RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = code; END $$;
  INSERT INTO t (id, u) VALUES (1, 'a');
  INSERT INTO e VALUES ('[1,5)');`;

postgresTest("classifyPostgresError() blames the row for what is wrong with its values", async (cluster) => {
  const sql = await connect(cluster);
  await sql.unsafe(TABLES);
  await provokeEach(sql, "row", [
    ["INSERT INTO t (id) VALUES (1)", "23505"],
    ["INSERT INTO t (id, u) VALUES (2, 'a')", "23505"],
    ["INSERT INTO t (id, n) VALUES (2, NULL)", "23502"],
    ["INSERT INTO t (id, c) VALUES (2, 0)", "23514"],
    ["INSERT INTO t (id, f) VALUES (2, 9)", "23503"],
    ["INSERT INTO e VALUES ('[2,3)')", "23P01"],
    ["INSERT INTO positive (id) VALUES (-1)", "44000"],
    ["INSERT INTO t (id) VALUES ('text')", "22P02"],
    ["INSERT INTO t (id) VALUES (3000000000)", "22003"],
    ["INSERT INTO t (id, d) VALUES (2, 100)", "22003"],
    ["INSERT INTO t (id, s) VALUES (2, 'four')", "22001"],
    ["SELECT 1 / 0", "22012"],
    ["SELECT 'x'::timestamptz", "22007"],
    [`SELECT '"\\u0000"'::jsonb`, "22P05"],
    ["SELECT (SELECT generate_series(1, 2))", "21000"],
    [`INSERT INTO t (id, u) SELECT 3, string_agg(md5(i::text), '') FROM generate_series(1, 500) AS i`, "54000"],
    [`SELECT repeat('[', 100000)::json`, "54001"],
    ["SELECT raise('P0001')", "P0001"],
    ["SELECT raise('BANK1')", "BANK1"],
    ["SELECT raise('ZZ999')", "ZZ999"],
  ]);
  assertEquals(await provoke("NUL", () => sql.unsafe("SELECT $1::text", ["a\0b"])), ["22021", "row"]);
  assertEquals(await provoke("no date", () => sql.unsafe("SELECT $1::timestamptz", ["soon"])), ["RangeError", "row"]);
  await sql.unsafe(`CREATE ROLE tenant; ALTER TABLE t ENABLE ROW LEVEL SECURITY; GRANT ALL ON t TO tenant;
    CREATE POLICY own ON t USING (u = 'own'); SET ROLE tenant`);
  await provokeEach(sql, "row", [["INSERT INTO t (id, u) VALUES (5, 'other')", "42501"]]);
  await sql.end();
});

postgresTest("classifyPostgresError() blames the set-up for what a person has to repair", async (cluster) => {
  const sql = await connect(cluster);
  await sql.unsafe("CREATE ROLE with_password LOGIN PASSWORD 'right'; CREATE ROLE nobody_else LOGIN; CREATE ROLE poor");
  await provokeEach(sql, "setup", [
    ["SELECT * FROM nowhere", "42P01"],
    ["SELECT nothing FROM pg_class", "42703"],
    ["SELECT no_function()", "42883"],
    ["SELEC 1", "42601"],
    ["CREATE TABLE no_schema.t ()", "3F000"],
    ["SELECT count(*) FROM pg_class FOR UPDATE", "0A000"],
  ]);
  assertEquals(await provoke("no value", () => sql.unsafe("SELECT $1::int + $2::int", [1])), ["08P01", "setup"]);
  await sql.unsafe("SET ROLE poor");
  assertEquals(await provoke("no right", () => sql.unsafe("SELECT * FROM pg_authid")), ["42501", "setup"]);
  await sql.unsafe("RESET ROLE; BEGIN");
  assertEquals(await provoke("VACUUM", () => sql.unsafe("VACUUM")), ["25001", "setup"]);
  await sql.end();

  const refused: [string | undefined, string | undefined, string][] = [
    [undefined, "no_database", "3D000"],
    ["with_password", "postgres", "28P01"],
    ["nobody_else", "postgres", "28000"],
    ["unknown", "postgres", "28000"],
  ];
  for (const [user, database, code] of refused) {
    const other = await connect(cluster, user, database);
    assertEquals(await provoke(`${user}`, () => other.unsafe("SELECT 1")), [code, "setup"]);
    await other.end({ timeout: 0 });
  }
});

postgresTest("classifyPostgresError() blames the database for what may pass by itself", async (cluster) => {
  const [one, two] = [await connect(cluster), await connect(cluster)];
  await one.unsafe("CREATE TABLE counters (id int PRIMARY KEY, value int); INSERT INTO counters VALUES (1, 0), (2, 0)");
  const add = (id: number) => `UPDATE counters SET value = value + 1 WHERE id = ${id}`;
  const undo = () => Promise.all([one, two].map((sql) => sql.unsafe("ROLLBACK")));

  await one.unsafe("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM counters");
  await two.unsafe(add(1));
  assertEquals(await provoke("serialization", () => one.unsafe(add(1))), ["40001", "unavailable"]);
  await undo();

  await Promise.all(
    [one, two].map((sql, i) => sql.unsafe(`BEGIN; SET LOCAL deadlock_timeout = '10ms'; ${add(i + 1)}`)),
  );
  const both = await Promise.allSettled([one.unsafe(add(2)), two.unsafe(add(1))]);
  const lost = both.find(({ status }) => status === "rejected") as PromiseRejectedResult;
  const { code, kind } = classifyPostgresError(lost.reason);
  assertEquals([code, kind], ["40P01", "unavailable"]);
  await undo();

  await one.unsafe(`BEGIN; ${add(1)}`);
  await two.unsafe("BEGIN; SET LOCAL lock_timeout = '10ms'");
  assertEquals(await provoke("lock", () => two.unsafe(add(1))), ["55P03", "unavailable"]);
  await undo();

  await one.unsafe("BEGIN READ ONLY");
  assertEquals(await provoke("read-only", () => one.unsafe(add(1))), ["25006", "unavailable"]);
  assertEquals(await provoke("aborted", () => one.unsafe("SELECT 1")), ["25P02", "unavailable"]);
  await undo();

  await one.unsafe("SET statement_timeout = '10ms'");
  assertEquals(await provoke("timeout", () => one.unsafe("SELECT pg_sleep(60)")), ["57014", "unavailable"]);
  await one.unsafe("RESET statement_timeout");

  // No test may fill the disk: a function says that it is full.
  const full = "DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = 'disk_full'; END $$";
  assertEquals(await provoke("full", () => one.unsafe(full)), ["53100", "unavailable"]);

  await one.unsafe("CREATE ROLE crowd LOGIN CONNECTION LIMIT 0");
  const crowd = await connect(cluster, "crowd", "postgres");
  assertEquals(await provoke("crowd", () => crowd.unsafe("SELECT 1")), ["53300", "unavailable"]);

  const [{ pid }] = await two.unsafe("SELECT pg_backend_pid() AS pid");
  const sleeping = provoke("terminated", () => two.unsafe("SELECT pg_sleep(60)"));
  await one.unsafe(`SELECT pg_terminate_backend(${pid})`);
  // The driver tells of a fatal error as of a lost connection, by one code or another.
  assertEquals((await sleeping)[1], "unavailable");
  await Promise.all([one, two, crowd].map((sql) => sql.end({ timeout: 0 })));
});

postgresTest("classifyPostgresError() takes a plan that no longer fits for something that passes", async (cluster) => {
  const sql = await connect(cluster);
  await sql.unsafe("CREATE TABLE changing (id int)");
  const select = () => sql.unsafe("SELECT * FROM changing", [], { prepare: true, simple: false } as object);
  await select();
  await sql.unsafe("ALTER TABLE changing ADD COLUMN more text");
  await sql.unsafe("BEGIN");
  assertEquals(await provoke("plan", select), ["0A000", "unavailable"]);
  await sql.end({ timeout: 0 });
});

Deno.test("classifyPostgresError() says unavailable for an error that it does not know", () => {
  for (const error of [new Error("what?"), "text", null, undefined, { code: 5 }, { code: "CONNECTION_CLOSED" }]) {
    assertEquals(classifyPostgresError(error).kind, "unavailable");
  }
});

Deno.test("classifyPostgresError() trusts a refused COMMIT only if the server said ERROR", () => {
  const refuses = (code: string, severity: string) => classifyPostgresError({ code, severity }).refusesCommit;
  for (const code of ["23503", "P0001", "40001", "40P01"]) assertEquals(refuses(code, "ERROR"), true, code);
  for (const code of ["57P01", "57014", "08006", "40003", "XX000", "53100"]) {
    assertEquals(refuses(code, "ERROR"), false, code);
  }
  assertEquals(refuses("23503", "FATAL"), false);
});

Deno.test("classifyPostgresError() reads a pooler's text where it has one code for all, and nobody else's", () => {
  const kindOf = (message: string, fields = {}) => classifyPostgresError({ code: "08P01", message, ...fields }).kind;
  assertEquals(kindOf("unsupported startup parameter: statement_timeout"), "setup");
  assertEquals(kindOf("unsupported startup parameter in options: x"), "setup");
  assertEquals(kindOf("password authentication failed"), "setup");
  assertEquals(kindOf("no such database: shop"), "setup");
  assertEquals(kindOf("query_wait_timeout"), "unavailable");
  assertEquals(kindOf("server conn crashed?"), "unavailable");
  assertEquals(kindOf("no such database: shop", { routine: "ProcessStartupPacket" }), "unavailable");
  for (const code of ["26000", "42P05"]) {
    const { kind, advice } = classifyPostgresError({ code, severity: "ERROR", routine: "FetchPreparedStatement" });
    assertEquals([kind, advice.includes("pooling=transaction")], ["setup", true], code);
  }
});

Deno.test("classifyPostgresError() takes no code of the operating system for an SQLSTATE", () => {
  for (const code of ["EPIPE", "EPERM", "EBUSY"]) {
    assertEquals(classifyPostgresError(Object.assign(new Error("the socket is gone"), { code })).kind, "unavailable");
  }
  // A function of the user may raise such a code.
  assertEquals(classifyPostgresError({ code: "EPIPE", severity: "ERROR" }).kind, "row");
});
