import { assert, assertEquals, assertRejects } from "@std/assert";
import { openPostgresAdmin } from "../../src/sinks/postgres/sink.ts";
import { type Outcome, SinkError } from "../../src/sinks/sink.ts";
import { makeBatch, makeIds, makeWrite } from "../contract/sink_store.ts";
import { PostgresStore } from "../contract/postgres_store.ts";
import { postgresTests } from "../support/postgres_tests.ts";

const postgresTest = postgresTests();

async function failure(call: () => Promise<unknown>): Promise<[string, string, string]> {
  const { kind, wrote, message } = await assertRejects(call, SinkError);
  return [kind, wrote, message];
}

function statuses(outcomes: readonly Outcome[]): string[] {
  return outcomes.map((outcome) => outcome.status === "rejected" ? outcome.errorType : outcome.status);
}

postgresTest("write() isolates a row that only COMMIT refuses", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const { schema } = store;
  await store.query(`CREATE TABLE ${schema}.parent (id text PRIMARY KEY)`);
  await store.query(
    `CREATE TABLE ${schema}.child (parent text REFERENCES ${schema}.parent DEFERRABLE INITIALLY DEFERRED)`,
  );
  await store.query(`INSERT INTO ${schema}.parent VALUES ('good')`);
  const sink = await store.openWith({
    apply: async (tx, writes) => {
      for (const { requestId } of writes) {
        await tx.run(`INSERT INTO ${schema}.child VALUES ($1)`, requestId.slice(0, 4));
      }
    },
  });
  const ids = [...makeIds("good", 20), "lost", ...makeIds("good again", 20)];
  const outcomes = await sink.write(makeBatch("batch", ids));
  assertEquals(statuses(outcomes), ids.map((id) => id === "lost" ? "23503" : "committed"));
  assertEquals(await store.query(`SELECT count(*)::int AS count FROM ${schema}.child`), [{ count: 40 }]);
  assertEquals((await store.deadLetters()).map(({ requestId }) => requestId), ["lost"]);
  await sink.close();
});

postgresTest("write() says set-up when apply() would end the transaction, however it spells it", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const spellings = [
    "COMMIT",
    "  rollback ",
    "-- a comment\nend",
    "/* one */ /* two */ Savepoint x",
    ";begin",
    "PREPARE TRANSACTION 'x'",
    "start transaction",
    "abort",
    "release x",
  ];
  const sink = await store.openWith({ apply: async (tx, [{ requestId }]) => void await tx.run(spellings[+requestId]) });
  for (const index of spellings.keys()) {
    const [kind, wrote, message] = await failure(() => sink.write(makeBatch("batch", [`${index}`])));
    assertEquals([kind, wrote], ["setup", "no"], spellings[index]);
    assert(message.includes("must not begin or end a transaction"), message);
  }
  assertEquals(await sink.countCommitted(), 0);
  await sink.close();

  const lawful = await store.openWith({
    apply: async (tx) => void await tx.run("/* a */ SELECT 1 AS /* b */ start"),
  });
  assertEquals(statuses(await lawful.write(makeBatch("batch", ["lawful"]))), ["committed"]);
  await lawful.close();

  const two = await store.openWith({ apply: async (tx) => void await tx.run("SELECT 1; COMMIT") });
  assertEquals((await failure(() => two.write(makeBatch("batch", ["a"])))).slice(0, 2), ["setup", "no"]);
  assertEquals(await two.countCommitted(), 1);
  await two.close();
});

postgresTest("write() rejects a row whose failed statement apply() has caught", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const sink = await store.openWith({
    apply: async (tx, writes) => {
      for (const { requestId } of writes) {
        const divisor = requestId === "bad" ? 0 : 1;
        await tx.all("SELECT 1 / $1::int", divisor).catch(() => {});
      }
    },
  });
  assertEquals(statuses(await sink.write(makeBatch("batch", ["a", "bad", "b"]))), ["committed", "22012", "committed"]);
  await sink.close();
});

postgresTest(
  "apply()'s row is rejected alone when a statement, a value or a result of it is wrong",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    const { schema } = store;
    await store.query(`CREATE TABLE ${schema}.typed (j json, t timestamptz, b bytea, a text[], n bigint)`);
    const sink = await store.openWith({
      apply: async (tx, writes) => {
        const results: unknown[] = [];
        for (const { requestId } of writes) {
          if (requestId === "undefined") await tx.run("SELECT $1::text", undefined as never);
          if (requestId === "lone") await tx.run("SELECT $1::text[]", ["\ud800"]);
          if (requestId === "nul") await tx.run("SELECT $1::text", "\0");
          if (requestId === "date") await tx.run("SELECT $1::timestamptz", new Date(NaN));
          if (requestId === "number") await tx.run("SELECT $1::int", "ten");
          results.push(requestId === "bigint" ? 1n : requestId);
          const values = [{ id: requestId }, new Date(0), new Uint8Array([0, 255]), ["a", "{b}", '"'], 2n ** 60n];
          await tx.run(`INSERT INTO ${schema}.typed VALUES ($1, $2, $3, $4, $5)`, ...values);
        }
        return results;
      },
    });
    const ids = ["a", "undefined", "b", "lone", "nul", "date", "c", "number", "bigint", "d"];
    assertEquals(statuses(await sink.write(makeBatch("batch", ids))), [
      ...["committed", "TypeError", "committed", "INVALID_TEXT", "22021", "RangeError"],
      ...["committed", "22P02", "TypeError", "committed"],
    ]);
    const rows = await store.query(
      `SELECT j ->> 'id' AS id, extract(epoch FROM t)::int AS t, encode(b, 'hex') AS b, a, n FROM ${schema}.typed`,
    );
    const good = ["a", "b", "c", "d"];
    const n = `${2n ** 60n}`;
    assertEquals(rows, good.map((id) => ({ id, t: 0, b: "00ff", a: ["a", "{b}", '"'], n })));
    assertEquals((await store.ledger()).map(({ result }) => result), good.map((id) => `"${id}"`));
    await sink.close();
  },
);

postgresTest("write() rejects alone a row that a policy of row-level security refuses", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const { schema } = store;
  await store.query(`CREATE ROLE tenant LOGIN; GRANT USAGE ON SCHEMA ${schema} TO tenant;
    CREATE TABLE ${schema}.orders (id text); ALTER TABLE ${schema}.orders ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON ${schema}.orders USING (id LIKE 'own%');
    GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO tenant`);
  const sink = await store.openWith({
    url: cluster.url("postgres", "tenant"),
    apply: async (tx, writes) => {
      await tx.run(`INSERT INTO ${schema}.orders SELECT unnest($1::text[])`, writes.map(({ requestId }) => requestId));
    },
  });
  assertEquals(statuses(await sink.write(makeBatch("batch", ["own 1", "other", "own 2"]))), [
    "committed",
    "42501",
    "committed",
  ]);
  await sink.close();
  await store.query("DROP OWNED BY tenant; DROP ROLE tenant");
});

postgresTest("write() waits for what apply() did not await, and rejects the row of what fails", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const { schema } = store;
  await store.query(`CREATE TABLE ${schema}.positive (id text, n int CHECK (n > 0))`);
  const sink = await store.openWith({
    apply: (tx, writes) => {
      for (const { requestId } of writes) {
        tx.run(`INSERT INTO ${schema}.positive VALUES ($1, $2)`, requestId, requestId === "bad" ? -1 : 1);
        if (requestId === "chained") tx.run("SELECT 1").then(() => tx.run("SELECT 1 / 0")).catch(() => {});
        if (requestId === "throws") throw new TypeError("thrown with a statement under way");
      }
    },
  });
  const ids = ["a", "bad", "b", "throws", "chained"];
  const expected = ["committed", "23514", "committed", "TypeError", "22012"];
  assertEquals(statuses(await sink.write(makeBatch("batch", ids))), expected);
  assertEquals(await store.query(`SELECT id FROM ${schema}.positive ORDER BY id`), [{ id: "a" }, { id: "b" }]);
  await sink.close();
});

postgresTest("write() says set-up when apply() copies from or to the client", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const statements = ["COPY effects FROM STDIN", "/* */ copy effects (a) to\nstdout", "COPY effects FROM '/dev/null'"];
  const sink = await store.openWith({
    apply: async (tx, [{ requestId }]) =>
      void await tx.run(statements[+requestId].replace("effects", `${store.schema}.effects`)),
  });
  for (const id of ["0", "1"]) {
    const [kind, wrote, message] = await failure(() => sink.write(makeBatch("batch", [id])));
    assertEquals([kind, wrote], ["setup", "no"]);
    assert(message.includes("STDIN"), message);
  }
  assertEquals(statuses(await sink.write(makeBatch("batch", ["2"]))), ["committed"]);
  await sink.close();
});

postgresTest("apply()'s transaction refuses statements after it has ended", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const ended = Promise.withResolvers<void>();
  let late: Promise<unknown> | undefined;
  const sink = await store.openWith({
    apply: (tx) => {
      late = assertRejects(async () => await ended.promise.then(() => tx.run("SELECT 1")), SinkError, "has ended");
    },
  });
  assertEquals(statuses(await sink.write(makeBatch("batch", ["a"]))), ["committed"]);
  ended.resolve();
  await late;
  await sink.close();
});

postgresTest("write() undoes an apply() that does not end in time", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const sink = await store.openWith({ apply: () => new Promise(() => {}), applyTimeoutMs: 20 });
  const [kind, wrote, message] = await failure(() => sink.write(makeBatch("batch", ["a"])));
  assertEquals([kind, wrote], ["unavailable", "no"]);
  assert(message.includes("20 ms"), message);
  assertEquals(await sink.countCommitted(), 0);
  await sink.close();
});

postgresTest("write() gives up a statement after its limit and is well afterwards", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const sink = await store.openWith({ statementTimeoutMs: 100 });
  await store.query(`INSERT INTO ${store.schema}.batched_writes VALUES ('a', '', '1', NULL, '', 0, now())`);
  const release = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const lock = store.sql.begin(async (tx) => {
    await tx.unsafe(`LOCK TABLE ${store.schema}.batched_writes IN EXCLUSIVE MODE`);
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  const [kind, wrote, message] = await failure(() => sink.write(makeBatch("batch", ["b"])));
  assertEquals([kind, wrote], ["unavailable", "no"]);
  assert(message.includes("57014"), message);
  release.resolve();
  await lock;
  assertEquals(statuses(await sink.write(makeBatch("batch", ["b"]))), ["committed"]);
  await sink.close();
});

postgresTest(
  "write() rejects a row that a trigger refuses or leaves out, or that does not fit the index",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    const { schema } = store;
    await store.query(`CREATE FUNCTION ${schema}.check_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF new.request_id = 'bad' THEN RAISE EXCEPTION 'bad is bad'; END IF;
      RETURN CASE WHEN new.request_id = 'ignored' THEN NULL ELSE new END;
    END $$`);
    await store.query(
      `CREATE TRIGGER check_row BEFORE INSERT ON ${schema}.batched_writes FOR EACH ROW EXECUTE FUNCTION ${schema}.check_row()`,
    );
    const sink = await store.open();
    const long = Array.from({ length: 4_000 }, () => Math.random().toString(36)[2]).join("");
    const nested = makeWrite("nested", { data: "[".repeat(50_000) + "]".repeat(50_000) });
    const { writes } = makeBatch("", ["a", "bad", "b", "ignored", long, "c"]);
    const outcomes = await sink.write({ batchId: "batch", writes: [...writes, nested] });
    assertEquals(statuses(outcomes), ["committed", "P0001", "committed", "IGNORED", "54000", "committed", "54001"]);
    assertEquals((await store.ledger()).map(({ requestId }) => requestId), ["a", "b", "c"]);
    assertEquals((await store.deadLetters()).length, 4);
    const more = await sink.write(makeBatch("more", ["d", "ignored", "e"]));
    assertEquals(statuses(more), ["committed", "IGNORED", "committed"]);
    await sink.close();
  },
);

postgresTest(
  "two batches that are written at the same time use two connections, and a third one waits",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    let inside = 0;
    let most = 0;
    const both = Promise.withResolvers<void>();
    const sink = await store.open(async () => {
      most = Math.max(most, ++inside);
      if (inside === 2) both.resolve();
      await both.promise;
      inside--;
    });
    const outcomes = await Promise.all(["a", "b", "c", "d"].map((id) => sink.write(makeBatch(id, [id]))));
    assert(outcomes.flat().every(({ status }) => status === "committed"));
    assertEquals(most, 2);
    await sink.close();
  },
);

postgresTest(
  "write() has the time of the database, one for the whole batch, whatever the clock here says",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    await store.query(`ALTER TABLE ${store.schema}.batched_writes ADD CHECK (request_id NOT LIKE 'bad%')`);
    const clock = async () =>
      Number((await store.query("SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms"))[0].ms);
    const DateHere = globalThis.Date;
    // A clock that is a year ahead.
    class DateAhead extends DateHere {
      constructor(...args: ConstructorParameters<DateConstructor> | []) {
        super(...(args.length === 0 ? [DateAhead.now()] : args) as [number]);
      }
      static override now(): number {
        return DateHere.now() + 31_536_000_000;
      }
    }
    const admin = await openPostgresAdmin(store.options);
    for (const [kind, ids] of [["one statement", ["a", "b"]], ["a transaction", ["c", "bad", "d"]]] as const) {
      const sink = await store.openWith({});
      const before = Math.floor(await clock());
      globalThis.Date = DateAhead as DateConstructor;
      const outcomes = await sink.write(makeBatch(kind, ids)).finally(() => globalThis.Date = DateHere);
      const after = Math.ceil(await clock());
      const times = new Set(outcomes.flatMap((outcome) => outcome.status === "committed" ? [outcome.committedAt] : []));
      assertEquals(times.size, 1, Deno.inspect(outcomes));
      const time = Date.parse([...times][0]);
      assert(time >= before && time <= after, `${time} is not from ${before} to ${after}`);
      const stored = (await store.ledger()).filter(({ batchId }) => batchId === kind);
      assertEquals(new Set(stored.map(({ committedAt }) => committedAt)), times);
      await sink.close();
    }
    const [{ rejectedAt }] = await store.deadLetters();
    assert(Date.parse(rejectedAt) <= Math.ceil(await clock()), rejectedAt);
    const read = await admin.readClockMs();
    assert(read <= Math.ceil(await clock()), `${read}`);
    await admin.close();
  },
);
