import { assert, assertEquals, assertRejects } from "@std/assert";
import type { NewWrite } from "../../src/sinks/apply.ts";
import { type Outcome, SinkError } from "../../src/sinks/sink.ts";
import type { SqliteTransaction } from "../../src/sinks/sqlite/transaction.ts";
import { makeBatch, makeIds } from "../contract/sink_store.ts";
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

/** Makes a table that refuses, at COMMIT only, the writes whose request id does not begin with "good". */
function createDeferred(store: SqliteStore): void {
  store.query("CREATE TABLE parent (id TEXT PRIMARY KEY)");
  store.query("CREATE TABLE child (parent TEXT REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)");
  store.query("INSERT INTO parent VALUES ('good')");
}

function insertDeferred(tx: SqliteTransaction, writes: readonly NewWrite[]): void {
  for (const { requestId } of writes) tx.run("INSERT INTO child (parent) VALUES (?)", requestId.slice(0, 4));
}

fileTest("write() isolates a row that only COMMIT refuses", async () => {
  await using store = new SqliteStore();
  const sink = await store.openWith({ apply: insertDeferred });
  createDeferred(store);
  const ids = [...makeIds("good", 20), "lost", ...makeIds("good again", 20)];
  const outcomes = await sink.write(makeBatch("batch", ids));
  assertEquals(statuses(outcomes), ids.map((id) => id === "lost" ? "SQLITE_CONSTRAINT_FOREIGNKEY" : "committed"));
  assertEquals(store.query("SELECT count(*) AS count FROM child"), [{ count: 40 }]);
  assertEquals((await store.ledger()).map(({ requestId }) => requestId), ids.filter((id) => id !== "lost"));
  assertEquals((await store.deadLetters()).map(({ requestId }) => requestId), ["lost"]);
  await sink.close();
});

fileTest(
  "write() says unknown when the database goes away after COMMIT refused a row and others were kept",
  async () => {
    await using store = new SqliteStore();
    const sink = await store.openWith({
      apply: (tx, writes) => {
        if (writes[0].requestId !== "good/0") throw new SinkError("unavailable", "no", "the database went away");
        insertDeferred(tx, writes);
      },
    });
    createDeferred(store);
    const [kind, wrote] = await failure(() => sink.write(makeBatch("batch", [...makeIds("good", 3), "lost"])));
    assertEquals([kind, wrote], ["unavailable", "unknown"]);
    assertEquals((await store.ledger()).map(({ requestId }) => requestId), ["good/0", "good/1"]);
    await sink.close();
  },
);

/** Ways out of the transaction, each of which once left its caller with a receipt for a row that was not stored. */
const WAYS_OUT: readonly (readonly string[])[] = [
  ["COMMIT"],
  ["ROLLBACK TO attempt"],
  ["RELEASE attempt", "SAVEPOINT attempt"],
  ["ROLLBACK", "BEGIN", "SAVEPOINT attempt"],
  ["/* x */ commit", "-- x\nbegin", ";savepoint attempt"],
];

for (const statements of WAYS_OUT) {
  fileTest(`write() says set-up when apply() runs ${statements.join(", ")}`, async () => {
    await using store = new SqliteStore();
    const sink = await store.openWith({
      apply: (tx, [{ requestId }]) => {
        if (requestId === "leaves") { for (const sql of statements) tx.run(sql); }
      },
    });
    const [kind, wrote, message] = await failure(() => sink.write(makeBatch("batch", ["leaves", "a"])));
    assertEquals([kind, wrote], SETUP);
    assert(message.includes("must not begin or end a transaction"), message);
    assertEquals([await sink.countCommitted(), await sink.countRejected()], [0, 0]);
    assertEquals(statuses(await sink.write(makeBatch("batch", ["a"]))), ["committed"]);
    await sink.close();
  });
}

fileTest("write() says set-up when a statement ends the transaction, and runs none after it", async () => {
  await using store = new SqliteStore();
  const sink = await store.openWith({
    apply: (tx, [{ requestId }]) => {
      if (requestId !== "ends") return;
      try {
        tx.run("INSERT OR ROLLBACK INTO effects VALUES ('once')");
      } catch {
        tx.run("INSERT INTO effects VALUES ('outside')");
      }
    },
  });
  store.query("CREATE TABLE effects (request_id TEXT NOT NULL PRIMARY KEY)");
  store.query("INSERT INTO effects VALUES ('once')");
  store.query(`CREATE TRIGGER no_bad BEFORE INSERT ON batched_writes WHEN new.request_id = 'bad'
    BEGIN SELECT RAISE(ROLLBACK, 'bad is bad'); END`);
  for (const [id, expected] of [["bad", "unknown"], ["ends", "no"]] as const) {
    const [kind, wrote, message] = await failure(() => sink.write(makeBatch("batch", [id])));
    assertEquals([kind, wrote], ["setup", expected]);
    assert(message.includes("RAISE(ABORT)"), message);
  }
  assertEquals(await store.effects(), ["once"]);
  assertEquals(statuses(await sink.write(makeBatch("batch", ["a"]))), ["committed"]);
  await sink.close();
});

fileTest("SqliteTransaction refuses statements after apply() has ended", async () => {
  await using store = new SqliteStore();
  let late: Promise<unknown> | undefined;
  const sink = await store.openWith({
    apply: (tx) => {
      late = assertRejects(
        async () => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          tx.run("CREATE TABLE late (id TEXT)");
        },
        SinkError,
        "after it has ended",
      );
    },
  });
  assertEquals(statuses(await sink.write(makeBatch("batch", ["a"]))), ["committed"]);
  await late;
  await sink.close();
});

fileTest("write() undoes an apply() that does not end in time", async () => {
  await using store = new SqliteStore();
  const sink = await store.openWith({ apply: () => new Promise(() => {}), applyTimeoutMs: 20 });
  const [kind, wrote, message] = await failure(() => sink.write(makeBatch("batch", ["a"])));
  assertEquals([kind, wrote], UNAVAILABLE);
  assert(message.includes("20 ms"), message);
  assertEquals(await sink.countCommitted(), 0);
  await sink.close();
});

fileTest("write() says set-up for results that cannot be matched with the writes", async () => {
  await using store = new SqliteStore();
  for (const results of [[], [1, 2, 3], "12", null, { length: 2 }]) {
    const sink = await store.openWith({ apply: () => results as unknown[] });
    const [kind, wrote, message] = await failure(() => sink.write(makeBatch("batch", ["a", "b"])));
    assertEquals([kind, wrote], SETUP);
    assert(message.includes("an array of 2 results"), message);
    assertEquals(await sink.countCommitted(), 0);
    await sink.close();
  }
});

fileTest("apply()'s row is rejected alone when a statement, a value or a result of it is wrong", async () => {
  await using store = new SqliteStore();
  const sink = await store.openWith({
    apply: (tx, writes) =>
      writes.map(({ requestId }) => {
        if (requestId === "not JSON") tx.all("SELECT json_extract(?, '$')", "{");
        if (requestId === "no value") tx.run("INSERT INTO effects VALUES (?)", undefined as never);
        if (requestId === "object") tx.run("INSERT INTO effects VALUES (coalesce(?, 'NULL'))", {} as never);
        if (requestId === "lone") tx.run("INSERT INTO effects VALUES (?)", "\ud800");
        if (requestId === "huge result") return 1n;
        tx.run("INSERT INTO effects VALUES (?)", requestId);
        return requestId;
      }),
  });
  store.query("CREATE TABLE effects (request_id TEXT NOT NULL)");
  const ids = ["a", "not JSON", "b", "no value", "object", "lone", "c", "huge result", "d"];
  assertEquals(statuses(await sink.write(makeBatch("batch", ids))), [
    "committed",
    "SQLITE_ERROR",
    "committed",
    "TypeError",
    "TypeError",
    "INVALID_TEXT",
    "committed",
    "TypeError",
    "committed",
  ]);
  assertEquals(await store.effects(), ["a", "b", "c", "d"]);
  assertEquals((await store.ledger()).map(({ result }) => result), ['"a"', '"b"', '"c"', '"d"']);
  await sink.close();
});

fileTest("write() says set-up when apply()'s own table is missing", async () => {
  await using store = new SqliteStore();
  const sink = await store.openWith({ apply: (tx) => void tx.run("INSERT INTO nowhere VALUES (1)") });
  const [kind, wrote, message] = await failure(() => sink.write(makeBatch("batch", ["a", "b"])));
  assertEquals([kind, wrote], SETUP);
  assert(message.includes("nowhere"), message);
  assertEquals([await sink.countCommitted(), await sink.countRejected()], [0, 0]);
  await sink.close();
});
