import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { type Outcome, SinkError } from "../../src/sinks/sink.ts";
import { migrateSqliteSink, SqliteSink } from "../../src/sinks/sqlite/sink.ts";
import { makeBatch } from "../contract/sink_store.ts";
import { fileTest, SqliteStore } from "../contract/sqlite_store.ts";

const SETUP = ["setup", "no"];
const UNAVAILABLE = ["unavailable", "no"];

async function failure(call: () => Promise<unknown>): Promise<[string, string, string]> {
  const { kind, wrote, message } = await assertRejects(call, SinkError);
  return [kind, wrote, message];
}

function statuses(outcomes: readonly Outcome[]): string[] {
  return outcomes.map((outcome) => outcome.status === "rejected" ? outcome.errorType : outcome.status);
}

Deno.test("SqliteSink.open() refuses wrong options and names them with their value", async () => {
  const path = "never_made.db";
  for (const value of [0, -1, 1.5, NaN, Infinity, 600_001]) {
    for (const name of ["lockWaitMs", "applyTimeoutMs"]) {
      const [kind, wrote, message] = await failure(() => SqliteSink.open({ path, [name]: value }));
      assertEquals([kind, wrote], SETUP);
      assert(message.includes(`'${name}'`) && message.endsWith(`current value is ${value}`), message);
    }
  }
  for (const path of ["", ":memory:", "a\0b"]) {
    const [kind, wrote, message] = await failure(() => SqliteSink.open({ path }));
    assertEquals([kind, wrote], SETUP);
    assert(message.includes("'path'"), message);
  }
});

fileTest("SqliteSink.open() refuses a Node whose SQLite does not say whether a transaction is open", async () => {
  await using store = new SqliteStore();
  // Hides the getter, which is further up in Deno.
  Object.defineProperty(DatabaseSync.prototype, "isTransaction", { value: undefined, configurable: true });
  try {
    const [kind, wrote, message] = await failure(() => SqliteSink.open({ path: store.path }));
    assertEquals([kind, wrote], SETUP);
    assert(message.endsWith("it must be 22.16 or newer"), message);
  } finally {
    Reflect.deleteProperty(DatabaseSync.prototype, "isTransaction");
  }
});

fileTest("SqliteSink.open() says set-up for a folder, a file as folder, and a file that is no database", async () => {
  await using store = new SqliteStore();
  const text = `${store.folder}/text.db`;
  await Deno.writeTextFile(text, "This is a text file and no database. ".repeat(100));
  for (const path of [store.folder, `${text}/ledger.db`, text]) {
    const [kind, wrote, message] = await failure(() => SqliteSink.open({ path }));
    assertEquals([kind, wrote], SETUP);
    assert(message.includes(path) && !message.includes("\n"), message);
  }
});

fileTest("SqliteSink.open() refuses the tables of a later version and leaves them alone", async () => {
  await using store = new SqliteStore();
  await (await store.open()).close();
  store.query("UPDATE batcher_schema SET version = 99");
  const [kind, wrote, message] = await failure(() => store.open());
  assertEquals([kind, wrote], SETUP);
  assert(message.includes("version 99"), message);
  assertEquals(store.query("SELECT version FROM batcher_schema"), [{ version: 99 }]);
});

fileTest("SqliteSink.open() lives in the user's database, and leaves its user_version alone", async () => {
  await using store = new SqliteStore();
  store.query("PRAGMA user_version = 42");
  store.query("CREATE TABLE orders (id TEXT)");
  await (await store.open()).close();
  await (await store.open()).close();
  assertEquals(store.query("PRAGMA user_version"), [{ user_version: 42 }]);
  assertEquals(store.query("PRAGMA journal_mode"), [{ journal_mode: "wal" }]);
  assertEquals(store.query("SELECT version FROM batcher_schema"), [{ version: 3 }]);
});

fileTest(
  "SqliteSink.open() names a table of the user's that has the name of one of its own, and leaves it alone",
  async () => {
    for (const table of ["batched_writes", "rejected_writes", "batcher_schema", "batcher_ledger"]) {
      await using store = new SqliteStore();
      store.query(`CREATE TABLE ${table} (id integer)`);
      for (const act of [() => store.openWith(), () => migrateSqliteSink({ path: store.path }, null)]) {
        const { kind, wrote, message } = await assertRejects(act, SinkError);
        assertEquals([kind, wrote], ["setup", "no"]);
        assert(message.startsWith(`Cannot use this SQLite file as its table ${table} is not one of a ledger`), message);
      }
      assertEquals(store.query("SELECT name FROM sqlite_schema"), [{ name: table }]);
    }
  },
);

fileTest("SqliteSink.open() creates no folder, and names the one that is missing", async () => {
  await using store = new SqliteStore();
  const missing = `${store.folder}/ledgre`;
  for (const open of [SqliteSink.open, migrateSqliteSink]) {
    const [kind, wrote, message] = await failure(() => open({ path: `${missing}/ledger.db` }));
    assertEquals([kind, wrote], SETUP);
    assert(message.includes(`there is no folder '${missing}'`), message);
  }
  assertEquals([...Deno.readDirSync(store.folder)], []);
});

fileTest(
  "SqliteSink.open() may be called many times at once for a new file, and tells one of a new ledger",
  async () => {
    await using store = new SqliteStore();
    const told: string[] = [];
    const options = { onNewLedger: (path: string) => told.push(path) };
    const sinks = await Promise.all(Array.from({ length: 8 }, () => store.openWith(options)));
    assertEquals(told, [store.path]);
    await Promise.all(sinks.map((sink, index) => sink.write(makeBatch(`${index}`, [`${index}`]))));
    assertEquals(await sinks[0].countCommitted(), 8);
    await Promise.all(sinks.map((sink) => sink.close()));
  },
);

fileTest("write() waits for a lock without blocking the event loop, then gives up or goes on", async () => {
  await using store = new SqliteStore();
  const sink = await store.openWith({ lockWaitMs: 300 });
  using other = new DatabaseSync(store.path);
  other.exec("BEGIN IMMEDIATE");
  let ticks = 0;
  const ticker = setInterval(() => ticks++, 5);
  const [kind, wrote, message] = await failure(() => sink.write(makeBatch("batch", ["a"])));
  clearInterval(ticker);
  assertEquals([kind, wrote], UNAVAILABLE);
  assert(message.includes("SQLITE_BUSY"), message);
  assert(ticks >= 5, `the event loop turned ${ticks} times in 300 ms`);

  const waiting = sink.write(makeBatch("batch", ["a"]));
  setTimeout(() => other.exec("COMMIT"), 50);
  assertEquals(statuses(await waiting), ["committed"]);
  await sink.close();
});

fileTest("write() says unavailable while the disk is full, and writes when there is space", async () => {
  await using store = new SqliteStore();
  let full = true;
  const sink = await store.openWith({
    apply: (tx) => {
      tx.all(`PRAGMA max_page_count = ${full ? 1 : 1_000_000}`);
      tx.run("INSERT INTO effects VALUES (?)", "x".repeat(1_000_000));
    },
  });
  store.query("CREATE TABLE effects (request_id TEXT NOT NULL)");
  const [kind, wrote, message] = await failure(() => sink.write(makeBatch("batch", ["a"])));
  assertEquals([kind, wrote], UNAVAILABLE);
  assert(message.includes("SQLITE_FULL"), message);
  assertEquals(await store.ledger(), []);
  full = false;
  assertEquals(statuses(await sink.write(makeBatch("batch", ["a"]))), ["committed"]);
  await sink.close();
});

fileTest("write() says set-up when a table is gone, and goes on when it is back", async () => {
  await using store = new SqliteStore();
  const sink = await store.open();
  await sink.write(makeBatch("first", ["a"]));
  for (const table of ["batched_writes", "rejected_writes"]) {
    store.query(`ALTER TABLE ${table} RENAME TO hidden`);
    const [kind, wrote, message] = await failure(() => sink.write(makeBatch("second", ["b"])));
    assertEquals([kind, wrote], SETUP);
    assert(message.includes(table), message);
    store.query(`ALTER TABLE hidden RENAME TO ${table}`);
  }
  assertEquals(statuses(await sink.write(makeBatch("second", ["b", "a"]))), ["committed", "duplicate"]);
  await sink.close();
});

fileTest("write() refuses to write to a file that was moved away, and goes on when it is back", async () => {
  await using store = new SqliteStore();
  const sink = await store.open();
  await Deno.rename(store.path, `${store.path}.away`);
  const startMs = performance.now();
  const [kind, wrote, message] = await failure(() => sink.write(makeBatch("batch", ["a"])));
  assertEquals([kind, wrote], SETUP);
  assert(message.includes("moved, deleted or replaced"), message);
  assert(performance.now() - startMs < 1_000, "it waited as if for a lock");
  await Deno.rename(`${store.path}.away`, store.path);
  assertEquals(statuses(await sink.write(makeBatch("batch", ["a"]))), ["committed"]);
  await sink.close();
});

fileTest("write() rejects a row that a constraint of the ledger refuses, alone", async () => {
  await using store = new SqliteStore();
  const sink = await store.open();
  store.query(`CREATE TRIGGER no_bad BEFORE INSERT ON batched_writes WHEN new.request_id = 'bad'
    BEGIN SELECT RAISE(ABORT, 'bad is bad'); END`);
  store.query(`CREATE TRIGGER ignored BEFORE INSERT ON batched_writes WHEN new.request_id = 'ignored'
    BEGIN SELECT RAISE(IGNORE); END`);
  const outcomes = await sink.write(makeBatch("batch", ["a", "bad", "b", "ignored", "c"]));
  const trigger = "SQLITE_CONSTRAINT_TRIGGER";
  assertEquals(statuses(outcomes), ["committed", trigger, "committed", trigger, "committed"]);
  assertEquals((await store.ledger()).map(({ requestId }) => requestId), ["a", "b", "c"]);
  await sink.close();
});

fileTest("write() calls of one sink commit in the order in which they were made", async () => {
  await using store = new SqliteStore();
  const first = Promise.withResolvers<void>();
  const sink = await store.open(({ requestId }) => requestId === "a" ? first.promise : undefined);
  const writing = ["a", "b", "c"].map((id) => sink.write(makeBatch(id, [id])));
  first.resolve();
  await Promise.all(writing);
  assertEquals(await store.effects(), ["a", "b", "c"]);
  await sink.close();
});
