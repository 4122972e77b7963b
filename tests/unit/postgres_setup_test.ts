/** Tables, names, permissions and passwords of a PostgreSQL sink. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import {
  migratePostgresSink,
  openPostgresAdmin,
  PostgresSink,
  type PostgresSinkOptions,
} from "../../src/sinks/postgres/sink.ts";
import { idHash } from "../../src/sinks/postgres/migrations.ts";
import { type Outcome, SinkError } from "../../src/sinks/sink.ts";
import { makeBatch, makeWrite } from "../contract/sink_store.ts";
import { PostgresStore } from "../contract/postgres_store.ts";
import { postgresTests } from "../support/postgres_tests.ts";

const PASSWORD = "planted-s3cret";

const postgresTest = postgresTests({
  hba: ["host all with_password 127.0.0.1/32 scram-sha-256"],
  settings: { log_statement: "all" },
});

async function setupMessage(call: () => Promise<unknown>): Promise<string> {
  const { kind, wrote, message } = await assertRejects(call, SinkError);
  assertEquals([kind, wrote], ["setup", "no"], message);
  return message;
}

postgresTest("migratePostgresSink() may be called many times at once, and again", async (cluster) => {
  const options = { url: cluster.url(), schema: "fresh" };
  const versions = await Promise.all(Array.from({ length: 6 }, () => migratePostgresSink(options)));
  assertEquals(versions.sort(), [0, 3, 3, 3, 3, 3]);
  const sink = await PostgresSink.open(options);
  assertEquals((await sink.write(makeBatch("batch", ["a"])))[0].status, "committed");
  assertEquals(await migratePostgresSink(options), 3);
  assertEquals(await sink.countCommitted(), 1);
  await sink.close();
});

postgresTest(
  "PostgresSink.open() says what to run where tables are missing, and refuses those of the future",
  async (cluster) => {
    const options = { url: cluster.url(), schema: "of_the_future" };
    const message = await setupMessage(() => PostgresSink.open(options));
    assert(message.includes("deno task sink migrate") && !message.includes("\n"), message);
    await migratePostgresSink(options);
    await using store = await PostgresStore.create(cluster);
    await store.query("UPDATE of_the_future.batcher_schema SET version = 99");
    assert((await setupMessage(() => PostgresSink.open(options))).includes("version 99"));
    assert((await setupMessage(() => migratePostgresSink(options))).includes("version 99"));
  },
);

postgresTest(
  "PostgresSink.open() names a parameter of the address that nobody knows, and those that there are",
  async (cluster) => {
    const refused = {
      "shcema=x": '"shcema"',
      "sslmod=require": '"sslmod"',
      "work_mem=much": '"work_mem"',
      "max_connections=9": '"max_connections"',
      "a.b-c=1": '"a.b-c"',
    };
    for (const [parameter, named] of Object.entries(refused)) {
      const message = await setupMessage(() => PostgresSink.open({ url: `${cluster.url()}?${parameter}` }));
      assert(message.includes(named) && !message.includes("\n"), message);
      assert(message.includes("there are schema, ledger_table") && message.includes("sslmode"), message);
    }
    const url = `${cluster.url()}?work_mem=4MB&schema=known`;
    assertEquals(await migratePostgresSink({ url }), 0);
    await using store = await PostgresStore.create(cluster);
    for (
      const sql of ["CREATE ROLE visitor LOGIN", "CREATE DATABASE closed", "REVOKE ALL ON DATABASE closed FROM public"]
    ) {
      await store.query(sql);
    }
    const message = await setupMessage(() => PostgresSink.open({ url: cluster.url("closed", "visitor") }));
    assert(message.includes("42501") && message.includes("grant this role"), message);
  },
);

postgresTest(
  "write() says set-up when a table is gone or permission is missing, and goes on when it is back",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    const { schema } = store;
    await store.query(`CREATE ROLE "clerk of ${schema.slice(1, -1)}" LOGIN`);
    const role = `clerk of ${schema.slice(1, -1)}`;
    const url = cluster.url("postgres", encodeURIComponent(role));
    await store.query(`GRANT USAGE ON SCHEMA ${schema} TO "${role}"`);
    await store.query(`GRANT SELECT ON ${schema}.batcher_schema TO "${role}"`);
    const sink = await store.openWith({ url });
    const write = () => sink.write(makeBatch("batch", ["a"]));
    const refused = await setupMessage(write);
    assert(refused.includes("42501") && refused.includes("grant"), refused);
    for (const table of ["batched_writes", "rejected_writes"]) {
      await store.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.${table} TO "${role}"`);
    }
    await store.query(`ALTER TABLE ${schema}.rejected_writes RENAME TO hidden`);
    const missing = await setupMessage(write);
    assert(missing.includes("42P01") && missing.includes("deno task sink migrate"), missing);
    await store.query(`ALTER TABLE ${schema}.hidden RENAME TO rejected_writes`);
    assertEquals((await write())[0].status, "committed");
    await sink.close();
    await store.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`);
  },
);

postgresTest(
  "write() is unknown, not failed, when rows were stored and what they are may not be read",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    const { schema } = store;
    await store.query(`CREATE ROLE half_blind LOGIN; GRANT USAGE ON SCHEMA ${schema} TO half_blind;
    GRANT SELECT ON ${schema}.batcher_schema TO half_blind;
    GRANT SELECT (request_id), INSERT, UPDATE, DELETE ON ${schema}.batched_writes TO half_blind;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.rejected_writes TO half_blind`);
    const sink = await store.openWith({ url: cluster.url("postgres", "half_blind") });
    await sink.write(makeBatch("first", ["old"]));
    const { kind, wrote } = await assertRejects(() => sink.write(makeBatch("second", ["old", "new"])), SinkError);
    assertEquals([kind, wrote], ["setup", "unknown"]);
    assertEquals((await store.ledger()).map(({ requestId }) => requestId), ["old", "new"]);
    await sink.close();
    await store.query("DROP OWNED BY half_blind; DROP ROLE half_blind");
  },
);

postgresTest("a user's table with the name of a ledger's is refused, and left as it is", async (cluster) => {
  const tables = { ledger_table: "orders", dead_letter_table: "orders", schema: "batcher_schema" };
  for (const [parameter, table] of Object.entries(tables)) {
    const schema = `of the user's ${parameter}`;
    await using store = await PostgresStore.create(cluster, { schema });
    if (parameter === "schema") await store.query(`DROP TABLE ${store.schema}.batcher_schema`);
    await store.query(`CREATE TABLE ${store.schema}.${table} (id integer, data text)`);
    await store.query(`INSERT INTO ${store.schema}.${table} VALUES (1, 'mine')`);
    const url = `${cluster.url()}?${parameter === "schema" ? "" : `${parameter}=${table}`}`;
    const options = { url, schema };
    const acts = [
      () => PostgresSink.open(options),
      () => openPostgresAdmin(options),
      () => migratePostgresSink(options),
      () => migratePostgresSink(options, null),
      () => migratePostgresSink(options, "bank"),
    ];
    for (const act of acts) {
      const message = await setupMessage(act);
      assert(message.includes(`"${table}" is there and is not a table of a ledger: it has no column`), message);
      assert(message.endsWith(`Set ${parameter} in the address to another name`), message);
    }
    assertEquals(await store.query(`SELECT * FROM ${store.schema}.${table}`), [{ id: 1, data: "mine" }]);
  }
});

postgresTest("migratePostgresSink() makes a table that is missing, and open() says that it is", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const other = { ...store.options, deadLetterTable: "other" };
  for (const open of [PostgresSink.open, openPostgresAdmin]) {
    const message = await setupMessage(() => open(other));
    assert(message.includes('."other" is missing') && message.includes("deno task sink migrate"), message);
  }
  assertEquals(await migratePostgresSink(other), 0);
  assertEquals(await migratePostgresSink(other), 3);
  const sink = await PostgresSink.open({ ...other, apply: () => Promise.reject(new Error("no")), applyName: "no" });
  assertEquals((await sink.write(makeBatch("batch", ["a"])))[0].status, "rejected");
  assertEquals(await sink.countRejected(), 1);
  await sink.close();
  await store.query(`DROP TABLE ${store.schema}.batched_writes`);
  assert((await setupMessage(() => PostgresSink.open(store.options))).includes('"batched_writes" is missing'));
  assertEquals(await migratePostgresSink(store.options), 0);
  await (await PostgresSink.open(store.options)).close();
});

for (const known of [true, false]) {
  const name = `a ledger of version 1${known ? "" : ", which nothing says any more,"}`;
  postgresTest(`migratePostgresSink() brings ${name} to the present one and keeps its rows`, async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    const { schema } = store;
    await store.query(`ALTER TABLE ${schema}.batched_writes ADD CHECK (request_id NOT LIKE 'bad%')`);
    const old = await store.openWith({});
    const [first] = await old.write(makeBatch("old", ["a"]));
    await old.write(makeBatch("old", ["bad", "bad\\x"]));
    await old.close();
    await store.query(`DROP INDEX ${schema}.batched_writes_committed_at_idx, ${schema}.rejected_writes_sha256_idx;
      CREATE UNIQUE INDEX ON ${schema}.rejected_writes
        (hashtextextended(request_id, 0), hashtextextended(request_id, 1))`);
    // Of the user, and only alike.
    await store.query(`CREATE INDEX mine_1 ON ${schema}.rejected_writes (hashtextextended(request_id, 0));
      CREATE INDEX mine_2 ON ${schema}.rejected_writes
        (hashtextextended(request_id, 0), hashtextextended(request_id, 1));
      CREATE UNIQUE INDEX mine_3 ON ${schema}.rejected_writes
        (hashtextextended(request_id, 0), hashtextextended(request_id, 2));
      CREATE UNIQUE INDEX mine_4 ON ${schema}.rejected_writes
        (hashtextextended(request_id, 0), hashtextextended(request_id, 1)) WHERE error_type = 'mine';
      CREATE UNIQUE INDEX mine_5 ON ${schema}.rejected_writes
        (hashtextextended(request_id, 0), hashtextextended(request_id, 1), batch_id);
      CREATE INDEX mine_6 ON ${schema}.batched_writes USING brin (committed_at) WHERE batch_id <> ''`);
    await store.query(`ALTER TABLE ${schema}.batched_writes DROP COLUMN mark`);
    for (const column of ["identity", "epoch", "apply_name"]) {
      await store.query(`ALTER TABLE ${schema}.batcher_schema DROP COLUMN ${column}`);
    }
    const table = `${schema}.batcher_schema`;
    await store.query(known ? `UPDATE ${table} SET version = 1` : `DELETE FROM ${table}`);
    const message = await setupMessage(() => store.openWith({}));
    assert(message.includes(known ? "version 1" : "identity") && message.includes("deno task sink migrate"), message);
    if (known) assertEquals(await migratePostgresSink(store.options), 1);
    else assertEquals(await migratePostgresSink(store.options, null), 0);
    const sink = await store.openWith({});
    const [again, fresh] = await sink.write(makeBatch("new", ["a", "b"]));
    assertEquals([again, fresh.status], [{ ...first, status: "duplicate" } as Outcome, "committed"]);
    await sink.write(makeBatch("new", ["bad", "bad\\x", "bad too"]));
    const letters = (await store.deadLetters()).map(({ requestId, batchId }) => `${requestId} ${batchId}`);
    assertEquals(letters.sort(), ["bad new", "bad too new", "bad\\x new"]);
    await sink.close();
    const indexes = await store.query(
      `SELECT indexname FROM pg_indexes WHERE schemaname = '${store.options.schema}' ORDER BY 1`,
    );
    assertEquals(indexes.map(({ indexname }) => indexname), [
      "batched_writes_committed_at_idx",
      "batched_writes_pkey",
      "batcher_schema_pkey",
      ...[1, 2, 3, 4, 5, 6].map((n) => `mine_${n}`),
      "rejected_writes_sha256_idx",
    ]);
  });
}

const LOSSES = {
  "its row": (table: string) => `DELETE FROM ${table}`,
  "its identity": (table: string) => `UPDATE ${table} SET identity = NULL`,
  "its epoch": (table: string) => `UPDATE ${table} SET epoch = NULL`,
  "the columns": (table: string) => `ALTER TABLE ${table} DROP COLUMN epoch, DROP COLUMN apply_name`,
  "the table": (table: string) => `DROP TABLE ${table}`,
};

for (const [what, lose] of Object.entries(LOSSES)) {
  postgresTest(`migratePostgresSink() mends a ledger that lost ${what} in batcher_schema`, async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    const { schema } = store;
    // Names that leave no room for what an index adds to them, and begin in the same way.
    const names = { ledgerTable: `${"t".repeat(62)}1`, deadLetterTable: `${"t".repeat(62)}2` };
    const options = { ...store.options, ...names };
    await migratePostgresSink(options);
    await store.query(`ALTER TABLE ${schema}."${names.ledgerTable}" ADD CHECK (request_id NOT LIKE 'bad%')`);
    const sink = await PostgresSink.open(options);
    const write = async () => (await sink.write(makeBatch("batch", ["a", "bad"]))).map(({ status }) => status);
    assertEquals(await write(), ["committed", "rejected"]);
    const indexes = () =>
      store.query(`SELECT indexdef FROM pg_indexes WHERE schemaname = '${options.schema}' ORDER BY 1`);
    const before = await indexes();
    await store.query(lose(`${schema}.batcher_schema`));
    assert((await setupMessage(() => PostgresSink.open(options))).includes("deno task sink migrate"));
    assertEquals(await migratePostgresSink(options, null), 0);
    assertEquals(await migratePostgresSink(options), 3);
    assertEquals(await indexes(), before);
    assertEquals(await write(), ["duplicate", "rejected"]);
    await sink.close();
  });
}

for (const column of ["identity", "epoch"]) {
  postgresTest(
    `migratePostgresSink() keeps the name of the effect of a ledger that lost its ${column}`,
    async (cluster) => {
      await using store = await PostgresStore.create(cluster);
      const { options, schema } = store;
      const bank = { apply: () => {}, applyName: "bank" };
      const sink = await store.openWith(bank);
      assertEquals((await sink.write(makeBatch("old", ["a"]))).map(({ status }) => status), ["committed"]);
      await store.query(`UPDATE ${schema}.batcher_schema SET ${column} = NULL`);
      const problem = 'its identity is gone. Its rows go through the effect "bank": ' +
        "run 'deno task sink migrate' without --apply-name and --no-apply";
      const open = () => PostgresSink.open({ ...options, ...bank });
      const acts: (() => Promise<unknown>)[] = [
        open,
        () => sink.identify(),
        () => migratePostgresSink(options, null),
        () => migratePostgresSink(options, "shop"),
      ];
      for (const act of acts) assertEquals((await setupMessage(act)).split(" as ")[1], problem);
      assertEquals(await migratePostgresSink(options), 0);
      await (await open()).close();
      assertEquals((await sink.write(makeBatch("new", ["a", "b"]))).map(({ status }) => status), [
        "duplicate",
        "committed",
      ]);
      await sink.close();
    },
  );
}

postgresTest("dead letters are unique by SHA-256 of their id, whatever is in it", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const ids = ["", "a", "\\", "\\\\", "\\x61", "\\141", "a\\", "'", "é\u{1F600}\ufeff", "%", "x".repeat(10_000)];
  const sink = await store.openWith({ apply: () => Promise.reject(new Error("no")) });
  for (const batch of ["first", "second"]) {
    const outcomes = await sink.write(makeBatch(batch, ids));
    assertEquals(outcomes.map(({ status }) => status), ids.map(() => "rejected"));
  }
  assertEquals((await store.deadLetters()).map(({ batchId }) => batchId), ids.map(() => "second"));
  const hashed = await store.query(
    `SELECT request_id, encode(${idHash()}, 'hex') AS hash FROM ${store.schema}.rejected_writes`,
  );
  for (const { request_id: id, hash } of hashed) {
    assertEquals(hash, createHash("sha256").update(id as string).digest("hex"), JSON.stringify(id).slice(0, 50));
  }
  const { indexdef } = (await store.query(
    `SELECT indexdef FROM pg_indexes WHERE schemaname = '${store.options.schema}' AND tablename = 'rejected_writes'`,
  ))[0];
  assert(`${indexdef}`.startsWith("CREATE UNIQUE INDEX") && `${indexdef}`.includes("(sha256("), `${indexdef}`);
  const admin = await openPostgresAdmin(store.options);
  assertEquals((await admin.findDeadLetters(ids)).length, ids.length);
  assertEquals(await admin.dropDeadLetters(ids), ids.length);
  await Promise.all([admin.close(), sink.close()]);
});

postgresTest(
  "migratePostgresSink() of a second ledger needs no ownership of what is as it should be",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    const { schema } = store;
    await store.query(`CREATE ROLE neighbour LOGIN; GRANT USAGE, CREATE ON SCHEMA ${schema} TO neighbour;
    GRANT SELECT, INSERT, UPDATE ON ${schema}.batcher_schema TO neighbour`);
    const names = { ledgerTable: "next", deadLetterTable: "next_rejected" };
    const options = { ...store.options, ...names, url: cluster.url("postgres", "neighbour") };
    assertEquals(await migratePostgresSink(options), 0);
    assertEquals(await migratePostgresSink(options, "bank"), 3);
    await store.query(`DELETE FROM ${schema}.batcher_schema WHERE ledger = 'next'`);
    assertEquals(await migratePostgresSink(options), 0);
    await (await PostgresSink.open(options)).close();
    await store.query("DROP OWNED BY neighbour; DROP ROLE neighbour");
  },
);

postgresTest("two ledgers cannot have one dead-letter table", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  const second = { ...store.options, ledgerTable: "it's second" };
  const message = await setupMessage(() => migratePostgresSink(second));
  assert(message.includes('"rejected_writes" belongs to the ledger "batched_writes"'), message);
  assertEquals(await migratePostgresSink({ ...second, deadLetterTable: "second_rejected" }), 0);
  const crossed = await setupMessage(() => PostgresSink.open(second));
  assert(crossed.includes('belongs to the ledger "batched_writes"'), crossed);
  await (await PostgresSink.open({ ...second, deadLetterTable: "second_rejected" })).close();
});

const HOSTILE = `x"; DROP TABLE victim; --'$1`;

postgresTest("hostile names of schema and tables, ids, keys and rows change nothing", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  await store.query("CREATE TABLE victim (id int); INSERT INTO victim VALUES (1)");
  const names = { schema: HOSTILE, ledgerTable: `l${HOSTILE}`, deadLetterTable: `d${HOSTILE}` };
  const options: PostgresSinkOptions = { url: cluster.url(), ...names };
  await migratePostgresSink(options);
  const sink = await PostgresSink.open({
    ...options,
    applyName: HOSTILE,
    apply: (_tx, writes) => {
      if (writes.some(({ requestId }) => requestId.startsWith("bad"))) throw new Error(HOSTILE);
      return writes.map(() => HOSTILE);
    },
  });
  const texts = [
    HOSTILE,
    "{a,b}",
    'a","b',
    "\\",
    "\\'; DROP TABLE victim; --",
    "$$; DROP TABLE victim; $$",
    "NULL",
    "",
  ];
  const writes = texts.flatMap((text) => [
    makeWrite(text, { data: JSON.stringify({ [text]: text }), partitionKey: text }),
    makeWrite(`bad ${text}`, { data: JSON.stringify(text) }),
  ]);
  const outcomes = await sink.write({ batchId: HOSTILE, writes });
  assertEquals(outcomes.map(({ status }) => status), texts.flatMap(() => ["committed", "rejected"]));
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const rows = await store.query(
    `SELECT request_id, partition_key, data::text AS data, result #>> '{}' AS result, batch_id
    FROM ${quoted(names.schema)}.${quoted(names.ledgerTable)} ORDER BY batch_position`,
  );
  assertEquals(
    rows,
    texts.map((text) => ({
      request_id: text,
      partition_key: text,
      data: JSON.stringify({ [text]: text }),
      result: HOSTILE,
      batch_id: HOSTILE,
    })),
  );
  assertEquals(await store.query("SELECT * FROM victim"), [{ id: 1 }]);
  assertEquals(await sink.countRejected(), texts.length);
  await sink.close();
});

postgresTest("the password of the address is in no error, description or log", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  await store.query(`CREATE ROLE with_password LOGIN PASSWORD '${PASSWORD}'`);
  const at = (password: string, port = cluster.port, rest = "/postgres") =>
    `postgres://with_password:${password}@127.0.0.1:${port}${rest}`;
  const schema = store.schema.slice(1, -1);
  await store.query(`GRANT ALL ON SCHEMA ${store.schema} TO with_password`);
  await store.query(`GRANT ALL ON ALL TABLES IN SCHEMA ${store.schema} TO with_password`);

  const sink = await PostgresSink.open({ url: at(PASSWORD), schema });
  const seen: unknown[] = [sink, sink.description];
  await store.query(`ALTER TABLE ${store.schema}.batched_writes RENAME TO hidden`);
  seen.push(await assertRejects(() => sink.write(makeBatch("batch", ["a"])), SinkError));
  await sink.close();
  seen.push(await assertRejects(() => sink.countCommitted(), SinkError));

  const unreachable = [
    at(`${PASSWORD}-wrong`),
    at(PASSWORD, 1),
    at(PASSWORD, 99_999),
    at(PASSWORD, cluster.port, "/no_database"),
    at(PASSWORD, cluster.port, "/postgres?no_such_setting=1"),
    at(PASSWORD, cluster.port, "/postgres?sslmode=require"),
    at(PASSWORD, cluster.port, "/postgres?pool_size=0"),
    at(`${PASSWORD}%`),
    at(`@${PASSWORD}`),
  ];
  for (const url of unreachable) {
    seen.push(await assertRejects(() => PostgresSink.open({ url, schema, connectTimeoutMs: 500 }), SinkError, "", url));
  }
  for (const value of seen) {
    const shown = `${Deno.inspect(value, { depth: 20, showHidden: true })} ${value} ${JSON.stringify(value)}`;
    assert(!shown.includes(PASSWORD), shown);
  }
});
