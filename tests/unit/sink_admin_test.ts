import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openPostgresAdmin } from "../../src/sinks/postgres/sink.ts";
import { LedgerChangedError, type Sink, SinkError } from "../../src/sinks/sink.ts";
import type { DeadLetter, SinkAdmin } from "../../src/sinks/sink_admin.ts";
import { SqliteAdmin } from "../../src/sinks/sqlite/admin.ts";
import { type EachWrite, makeBatch, makeIds, makeWrite } from "../contract/sink_store.ts";
import { PostgresStore } from "../contract/postgres_store.ts";
import { fileTest, SqliteStore } from "../contract/sqlite_store.ts";
import { eventually } from "../support/eventually.ts";
import { postgresTests } from "../support/postgres_tests.ts";

/** A ledger, and what looks after it. */
interface Subject {
  open(each?: EachWrite): Promise<Sink>;
  admin(): Promise<SinkAdmin>;
  /** Makes the rows of a batch as old as that. */
  age(batchId: string, committedAt: string): Promise<unknown>;
}

const TESTS: readonly (readonly [name: string, run: (subject: Subject) => Promise<void>])[] = [
  ["lists, finds and drops dead letters with everything that a retry needs", async ({ open, admin: openAdmin }) => {
    const sink = await open(({ requestId }) => {
      if (requestId !== "good") throw new Error(`refused ${requestId}`);
    });
    const ids = ["b", "it's; DROP TABLE x --", "ä\u{1F600}", "x".repeat(1_100), "é".repeat(1_100)];
    const writes = ids.map((id) => makeWrite(id, { data: `{"of":${JSON.stringify(id)}}`, partitionKey: `key ${id}` }));
    await sink.write({ batchId: "first", writes });
    const firstAt = Date.now();
    await eventually("a millisecond is over", () => Promise.resolve(Date.now() > firstAt));
    await sink.write({
      batchId: "second",
      writes: [makeWrite("good"), makeWrite("a", { data: "12345678901234567890" })],
    });
    const admin = await openAdmin();
    assertEquals([await admin.countCommitted(), await admin.countRejected()], [1, 6]);
    assertEquals(await admin.countCommittedOf(["good", "good", "a"]), 1);

    const all = await admin.listDeadLetters(10);
    assertEquals(all.map(({ requestId }) => requestId).at(-1), "a");
    const paged: DeadLetter[] = [];
    for (
      let page = await admin.listDeadLetters(4);
      page.length > 0;
      page = await admin.listDeadLetters(4, page.at(-1))
    ) {
      paged.push(...page);
    }
    assertEquals(paged, all);

    const [letter, ...more] = await admin.findDeadLetters([ids[2], ids[2], "unknown"]);
    const { rejectedAt, ...rest } = letter;
    assert(!Number.isNaN(Date.parse(rejectedAt)) && rejectedAt.endsWith("Z"));
    assertEquals(rest, {
      requestId: ids[2],
      data: writes[2].data,
      partitionKey: writes[2].partitionKey,
      errorType: "Error",
      errorMessage: `refused ${ids[2]}`,
      batchId: "first",
    });
    assertEquals(more, []);
    assertEquals((await admin.findDeadLetters(ids)).length, ids.length);

    assertEquals(await admin.dropDeadLetters([...ids.slice(1), "unknown"]), 4);
    assertEquals((await admin.listDeadLetters(10)).map(({ requestId }) => requestId), ["b", "a"]);
    await Promise.all([admin.close(), sink.close()]);
  }],
  ["keeps a dead letter for each id, whatever is in it", async ({ open, admin: openAdmin }) => {
    let refusing = true;
    const sink = await open(() => {
      if (refusing) throw new Error("no");
    });
    const ids = [
      "a\0",
      "a\\u0000",
      "a\\\\u0000",
      "b\ud800",
      "b\\ud800",
      "b\\\\ud800",
      "c\u001a",
      "c\u001a\\u001a",
      "\\",
      "\\\\",
    ];
    for (const batch of ["first", "second"]) {
      const outcomes = await sink.write(makeBatch(batch, ids));
      assertEquals(outcomes.map(({ status }) => status), ids.map(() => "rejected"));
    }
    const admin = await openAdmin();
    const idsOf = (letters: readonly DeadLetter[]) => letters.map(({ requestId }) => requestId).sort();
    assertEquals(idsOf(await admin.listDeadLetters(100)), ids.toSorted());
    const [first, ...rest] = await admin.listDeadLetters(100);
    assertEquals(await admin.listDeadLetters(100, first), rest);
    assertEquals(idsOf(await admin.findDeadLetters(ids)), ids.toSorted());
    for (const id of ids) assertEquals(idsOf(await admin.findDeadLetters([id])), [id]);
    assertEquals(await admin.dropDeadLetters(["a\0", "b\\ud800"]), 2);
    refusing = false;
    // Ids that no database stores are refused again.
    const stored = ["a\\u0000", "c\u001a", "\\"];
    assertEquals(
      (await sink.write(makeBatch("third", stored))).map(({ status }) => status),
      stored.map(() => "committed"),
    );
    const left = ids.filter((id) => !["a\0", "b\\ud800", ...stored].includes(id));
    assertEquals(idsOf(await admin.listDeadLetters(100)), left.toSorted());
    await Promise.all([admin.close(), sink.close()]);
  }],
  ["counts and prunes the ledger rows from before a time, and no others", async ({ open, admin: openAdmin, age }) => {
    const sink = await open();
    await sink.write(makeBatch("old", makeIds("old", 12_000)));
    await sink.write(makeBatch("edge", ["edge"]));
    await sink.write(makeBatch("new", makeIds("new", 10)));
    await age("old", "2020-01-01T00:00:00.000Z");
    await age("edge", "2021-01-01T00:00:00.000Z");
    const admin = await openAdmin();
    assertEquals(await admin.countCommittedBefore("2021-01-01T00:00:00.000Z"), 12_000);
    const ledger = await sink.identify();
    assertEquals(await admin.pruneCommittedBefore("2021-01-01T00:00:00.000Z"), 12_000);
    assertEquals((await sink.identify()).identity, ledger.identity);
    assertNotEquals((await sink.identify()).epoch, ledger.epoch);
    assertEquals(await admin.pruneCommittedBefore("2021-01-01T00:00:00.000Z"), 0);
    assertEquals(await admin.countCommitted(), 11);
    const outcomes = await sink.write(makeBatch("again", ["old/1", "edge", "new/1"]));
    assertEquals(outcomes.map(({ status }) => status), ["committed", "duplicate", "duplicate"]);
    await Promise.all([admin.close(), sink.close()]);
  }],
  ["renew() gives the same ledger a new epoch, which every sink sees", async ({ open, admin: openAdmin }) => {
    const sink = await open(() => {});
    const admin = await openAdmin();
    const before = await admin.identify();
    assertEquals(await sink.identify(), before);
    const after = await admin.renew();
    assertEquals([after, after.identity], [await sink.identify(), before.identity]);
    assertNotEquals(after.epoch, before.epoch);
    const error = await assertRejects(
      () => sink.write({ ...makeBatch("batch", ["a"]), ledger: before }),
      LedgerChangedError,
    );
    assertEquals([error.ledger, await sink.countCommitted()], [after, 0]);
    await Promise.all([admin.close(), sink.close()]);
  }],
  ["finds no problem where there is none", async ({ open, admin: openAdmin }) => {
    await (await open(() => {})).close();
    const admin = await openAdmin();
    assertEquals(await admin.check(), { problems: [], notes: [] });
    await admin.close();
  }],
];

for (const [name, run] of TESTS) {
  fileTest(`SqliteAdmin ${name}`, async () => {
    await using store = new SqliteStore();
    await run({
      open: (each) => store.open(each),
      admin: () => SqliteAdmin.open(store.path),
      age: async (batchId, at) =>
        await store.query(`UPDATE batched_writes SET committed_at = '${at}' WHERE batch_id = '${batchId}'`),
    });
  });
}

const postgresTest = postgresTests();

for (const [name, run] of TESTS) {
  postgresTest(`PostgresAdmin ${name}`, async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    await run({
      open: (each) => store.open(each),
      admin: () => openPostgresAdmin(store.options),
      age: (batchId, at) =>
        store.query(`UPDATE ${store.schema}.batched_writes SET committed_at = '${at}' WHERE batch_id = '${batchId}'`),
    });
  });
}

postgresTest("PostgresAdmin.check() names each permission that is missing", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const { schema } = store;
  await store.query(`CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA ${schema} TO reader`);
  await store.query(`GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO reader`);
  const admin = await openPostgresAdmin({ ...store.options, url: cluster.url("postgres", "reader") });
  const { problems } = await admin.check();
  assertEquals(problems.length, 6);
  assert(problems[0].includes("may not INSERT on") && problems[0].includes("batched_writes"), problems[0]);
  await admin.close();
  await store.query("DROP OWNED BY reader; DROP ROLE reader");
});

postgresTest("PostgresAdmin.check() notes that a role may write rows, and neither prune nor renew", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const { schema } = store;
  await store.query(`CREATE ROLE scribe LOGIN; GRANT USAGE ON SCHEMA ${schema} TO scribe;
    GRANT SELECT ON ${schema}.batcher_schema TO scribe;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.batched_writes, ${schema}.rejected_writes TO scribe`);
  const url = cluster.url("postgres", "scribe");
  const sink = await store.openWith({ url });
  assertEquals((await sink.write(makeBatch("batch", ["a"])))[0].status, "committed");
  const admin = await openPostgresAdmin({ ...store.options, url });
  const { problems, notes } = await admin.check();
  assertEquals([problems, notes.length], [[], 1]);
  assert(notes[0].includes("may not UPDATE") && notes[0].includes("batcher_schema"), notes[0]);
  await assertRejects(() => admin.pruneCommittedBefore("2999-01-01T00:00:00.000Z"), SinkError, "42501");
  assertEquals(await admin.countCommitted(), 1);
  await store.query(`GRANT UPDATE (epoch) ON ${schema}.batcher_schema TO scribe`);
  assertEquals(await admin.check(), { problems: [], notes: [] });
  assertEquals(await admin.pruneCommittedBefore("2999-01-01T00:00:00.000Z"), 1);
  await Promise.all([admin.close(), sink.close()]);
  await store.query("DROP OWNED BY scribe; DROP ROLE scribe");
});

/** Writes down, for each statement that deletes ledger rows, its transaction, its time limit and how many they were. */
const logDeletes = (schema: string) =>
  `CREATE TABLE ${schema}.deletes (transaction bigint, time_limit text, rows bigint);
  CREATE FUNCTION ${schema}.log_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO ${schema}.deletes SELECT txid_current(), current_setting('statement_timeout'), count(*) FROM gone;
    RETURN NULL;
  END $$;
  CREATE TRIGGER log_delete AFTER DELETE ON ${schema}.batched_writes REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION ${schema}.log_delete()`;

postgresTest(
  "PostgresAdmin prunes in short transactions, with the time that a person's command may take",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    const { schema } = store;
    await store.query(`INSERT INTO ${schema}.batched_writes
    SELECT n::text, '', '1'::json, NULL, 'batch', 0, CASE WHEN n % 5 = 0 THEN now() ELSE '2020-01-01' END
    FROM generate_series(1, 25000) AS n UNION ALL SELECT '', '', '1'::json, NULL, 'batch', 0, '2020-01-01'`);
    await store.query(logDeletes(schema));
    const before = "2021-01-01T00:00:00.000Z";
    for (const [options, limit, old] of [[{ statementTimeoutMs: 5_000 }, "5s", 20_001], [{}, "10min", 0]] as const) {
      const admin = await openPostgresAdmin({ ...store.options, ...options });
      assertEquals(await admin.pruneCommittedBefore(before), old);
      await admin.close();
      const deletes = await store.query(`SELECT * FROM ${schema}.deletes`);
      assertEquals(new Set(deletes.map(({ transaction }) => transaction)).size, deletes.length);
      assertEquals(deletes.filter(({ rows, time_limit }) => Number(rows) > 10_000 || time_limit !== limit), []);
      await store.query(`TRUNCATE ${schema}.deletes`);
    }
    assertEquals(await store.query(`SELECT count(*)::int AS count FROM ${schema}.batched_writes`), [{ count: 5_000 }]);
  },
);

postgresTest("PostgresAdmin reads and prunes only the part of the ledger that has old rows", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const { schema } = store;
  // The hundred newest rows are old by their clock, and lie at the end.
  await store.query(`INSERT INTO ${schema}.batched_writes
    SELECT n::text, '', to_json(repeat('x', 200)), NULL, 'batch', 0,
      CASE WHEN n <= 20000 OR n > 99900 THEN '2020-01-01' ELSE now() END FROM generate_series(1, 100000) AS n`);
  await store.query(`VACUUM ANALYZE ${schema}.batched_writes`);
  const before = "2021-01-01T00:00:00.000Z";
  const blocksRead = async () => {
    const [{ plan }] = await store.query(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT count(*) FROM ${schema}.batched_writes
        WHERE committed_at < '${before}'`,
    ).then((rows) => rows.map((row) => ({ plan: (row["QUERY PLAN"] as { Plan: Record<string, number> }[])[0].Plan })));
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
  };
  const [{ blocks }] = await store.query(
    `SELECT pg_relation_size('${schema}.batched_writes')::int / current_setting('block_size')::int AS blocks`,
  );
  const read = await blocksRead();
  assert(read < Number(blocks) / 2, `${read} of ${blocks} blocks`);
  const admin = await openPostgresAdmin(store.options);
  assertEquals(await admin.countCommittedBefore(before), 20_100);
  assertEquals(await admin.pruneCommittedBefore(before), 20_100);
  assertEquals(await admin.countCommitted(), 79_900);
  // Room that old rows have left is room for new ones, which must not be read for old ones.
  await store.query(`VACUUM ${schema}.batched_writes`);
  await store.query(`INSERT INTO ${schema}.batched_writes
    SELECT 'new ' || n, '', to_json(repeat('x', 200)), NULL, 'batch', 0, now() FROM generate_series(1, 20100) AS n`);
  await store.query(`VACUUM ANALYZE ${schema}.batched_writes`);
  const readAfter = await blocksRead();
  assert(readAfter < Number(blocks) / 8, `${readAfter} of ${blocks} blocks`);
  await admin.close();
});

postgresTest("PostgresAdmin.check() names a role whose transactions are read-only", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const { schema } = store;
  await store.query(`CREATE ROLE looker LOGIN; GRANT USAGE ON SCHEMA ${schema} TO looker;
    GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO looker; ALTER ROLE looker SET default_transaction_read_only = on`);
  const admin = await openPostgresAdmin({ ...store.options, url: cluster.url("postgres", "looker") });
  const [problem, ...more] = (await admin.check()).problems;
  assert(problem?.includes("default_transaction_read_only"), problem);
  assertEquals(more, []);
  await admin.close();
  await store.query("DROP OWNED BY looker; DROP ROLE looker");
});

fileTest("SqliteAdmin.open() makes no file where there is none", async () => {
  await using store = new SqliteStore();
  await assertRejects(() => SqliteAdmin.open(store.path), SinkError, "no such file");
  await assertRejects(() => Deno.stat(store.path), Deno.errors.NotFound);
});

fileTest("SqliteAdmin.open() leaves a file without a ledger as it is", async () => {
  await using store = new SqliteStore();
  {
    using foreign = new DatabaseSync(store.path);
    foreign.exec("CREATE TABLE mine (id INTEGER)");
  }
  const before = await Deno.readFile(store.path);
  const { kind, wrote, message } = await assertRejects(() => SqliteAdmin.open(store.path), SinkError);
  assertEquals([kind, wrote], ["setup", "no"]);
  assert(message.includes("deno task sink migrate"), message);
  assertEquals(await Deno.readFile(store.path), before);
  const names = [...Deno.readDirSync(store.folder)].map(({ name }) => name);
  assertEquals(names.length, 1, `${names}`);
  await Deno.writeTextFile(store.path, "this is no database");
  assertEquals((await assertRejects(() => SqliteAdmin.open(store.path), SinkError)).kind, "setup");
  assertEquals(await Deno.readTextFile(store.path), "this is no database");
});

fileTest("SqliteSink.open() brings a ledger of version 1 to the present one and keeps its rows", async () => {
  await using store = new SqliteStore();
  {
    using old = new DatabaseSync(store.path);
    old.exec(`
      CREATE TABLE batched_writes (request_id TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, data TEXT NOT NULL,
        partition_key TEXT, batch_id TEXT NOT NULL, committed_at TEXT NOT NULL, result TEXT);
      CREATE TABLE rejected_writes (request_id TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, data TEXT NOT NULL,
        error_type TEXT NOT NULL, error_message TEXT NOT NULL, batch_id TEXT NOT NULL, rejected_at TEXT NOT NULL);
      CREATE TABLE batcher_schema (version INTEGER NOT NULL);
      INSERT INTO batcher_schema VALUES (1);
      INSERT INTO rejected_writes VALUES ('a', 'd', '1', 'E', 'm', 'b', '2020-01-01T00:00:00.000Z');`);
  }
  await (await store.open()).close();
  assertEquals(store.query("SELECT version FROM batcher_schema"), [{ version: 3 }]);
  const admin = await SqliteAdmin.open(store.path);
  const [letter] = await admin.listDeadLetters(1);
  assertEquals([letter.requestId, letter.data, letter.partitionKey], ["a", "1", null]);
  await admin.close();
});
