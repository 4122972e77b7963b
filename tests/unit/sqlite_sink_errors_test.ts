import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { classifySqliteError } from "../../src/sinks/sqlite/errors.ts";
import { fileTest, SqliteStore } from "../contract/sqlite_store.ts";

/** Name and kind of the error that really comes up when `sql` is prepared and run. */
function provoke(database: DatabaseSync, sql: string, ...values: (string | number | null)[]): [string, string] {
  try {
    database.prepare(sql).run(...values);
  } catch (error) {
    const { name, kind } = classifySqliteError(error);
    return [name, kind];
  }
  throw new Error(`${sql} did not fail`);
}

function memory(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  database.exec(`
    CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE, n TEXT NOT NULL DEFAULT '', c INT CHECK (c > 0),
      f INT REFERENCES t (id));
    CREATE TABLE s (i INT) STRICT;
    CREATE TRIGGER no_x BEFORE INSERT ON t WHEN new.u = 'x' BEGIN SELECT RAISE(ABORT, 'no x'); END;
    INSERT INTO t (id, u) VALUES (1, 'a');`);
  return database;
}

Deno.test("classifySqliteError() blames the row for what is wrong with its values", () => {
  using database = memory();
  const faults: [string, string][] = [
    ["INSERT INTO t (id) VALUES (1)", "SQLITE_CONSTRAINT_PRIMARYKEY"],
    ["INSERT INTO t (u) VALUES ('a')", "SQLITE_CONSTRAINT_UNIQUE"],
    ["INSERT INTO t (n) VALUES (NULL)", "SQLITE_CONSTRAINT_NOTNULL"],
    ["INSERT INTO t (c) VALUES (0)", "SQLITE_CONSTRAINT_CHECK"],
    ["INSERT INTO t (f) VALUES (9)", "SQLITE_CONSTRAINT_FOREIGNKEY"],
    ["INSERT INTO t (u) VALUES ('x')", "SQLITE_CONSTRAINT_TRIGGER"],
    ["INSERT INTO s (i) VALUES ('text')", "SQLITE_CONSTRAINT_DATATYPE"],
    ["INSERT INTO t (id) VALUES ('text')", "SQLITE_MISMATCH"],
    ["SELECT zeroblob(2000000000)", "SQLITE_TOOBIG"],
  ];
  for (const [sql, name] of faults) assertEquals(provoke(database, sql), [name, "row"]);
  assertEquals(provoke(database, "SELECT ?", undefined as never), ["TypeError", "row"]);
});

Deno.test("classifySqliteError() blames the set-up for wrong statements and missing tables", () => {
  using database = memory();
  for (const sql of ["SELECT * FROM nowhere", "SELECT nothing FROM t", "INSERT INTO t (z) VALUES (1)", "SELEC 1"]) {
    assertEquals(provoke(database, sql), ["SQLITE_ERROR", "setup"]);
  }
  assertEquals(provoke(database, "SELECT ?", 1, 2), ["SQLITE_RANGE", "setup"]);
  assertEquals(provoke(database, ""), ["SQLITE_MISUSE", "setup"]);
});

Deno.test("classifySqliteError() blames the database for a full disk", () => {
  using database = memory();
  database.exec("PRAGMA max_page_count = 8");
  const fault = provoke(database, "INSERT INTO t (n) VALUES (?)", "x".repeat(1_000_000));
  assertEquals(fault, ["SQLITE_FULL", "unavailable"]);
});

Deno.test("classifySqliteError() says unavailable for an error that it does not know", () => {
  for (const error of [new Error("what?"), "text", null, undefined, { errcode: 255 }, { errcode: "5" }]) {
    assertEquals(classifySqliteError(error).kind, "unavailable");
  }
  const database = memory();
  database.close();
  assertEquals(provoke(database, "SELECT 1"), ["Error", "unavailable"]);
});

fileTest("classifySqliteError() knows a locked, a read-only and a foreign file", async () => {
  await using store = new SqliteStore();
  await (await store.open()).close();
  using writer = new DatabaseSync(store.path);
  using waiter = new DatabaseSync(store.path, { timeout: 1 });
  writer.exec("BEGIN IMMEDIATE");
  assertEquals(provoke(waiter, "BEGIN IMMEDIATE"), ["SQLITE_BUSY", "unavailable"]);
  writer.exec("ROLLBACK");

  using reader = new DatabaseSync(store.path, { readOnly: true });
  assertEquals(provoke(reader, "DELETE FROM batched_writes"), ["SQLITE_READONLY", "unavailable"]);

  const text = `${store.folder}/text.db`;
  await Deno.writeTextFile(text, "This is a text file and no database. ".repeat(100));
  using foreign = new DatabaseSync(text);
  assertEquals(provoke(foreign, "PRAGMA journal_mode = WAL"), ["SQLITE_NOTADB", "setup"]);
});
