/** A table of the user's that a sink fills from the fields of writes. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { IntoTable } from "../../src/sinks/into_table.ts";
import { type Outcome, type Sink, SinkError } from "../../src/sinks/sink.ts";
import { PostgresStore } from "../contract/postgres_store.ts";
import { makeWrite } from "../contract/sink_store.ts";
import { fileTest, SqliteStore } from "../contract/sqlite_store.ts";
import { postgresTests } from "../support/postgres_tests.ts";

interface Subject {
  readonly kind: "sqlite" | "postgres";
  open(options: { into: IntoTable; apply?: () => void; applyName?: string }): Promise<Sink>;
  /** Runs SQL, in which `@` stands for what is in front of the name of a table. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** The name of a table as `into` has it. */
  named(table: string): string;
}

async function refused(act: () => Promise<unknown>): Promise<string> {
  const { kind, wrote, message } = await assertRejects(act, SinkError);
  assertEquals([kind, wrote], ["setup", "no"], message);
  assert(!message.includes("\n"), message);
  return message;
}

function write(sink: Sink, rows: Record<string, unknown>, fields = {}): Promise<Outcome[]> {
  const writes = Object.entries(rows).map(([id, data]) => makeWrite(id, { data: JSON.stringify(data), ...fields }));
  return sink.write({ batchId: "batch", writes });
}

function said(outcomes: readonly Outcome[]): string[] {
  return outcomes.map((outcome) =>
    outcome.status === "rejected" ? `${outcome.errorType}: ${outcome.errorMessage}` : outcome.status
  );
}

const ORDERS =
  `CREATE TABLE @orders (id text PRIMARY KEY, amount integer CHECK (amount > 0), note text DEFAULT 'none')`;

const TESTS: readonly (readonly [name: string, run: (subject: Subject) => Promise<void>])[] = [
  ["fields go into the columns of their names, and columns without a field get their defaults", async (subject) => {
    await subject.query(ORDERS);
    const sink = await subject.open({ into: { table: subject.named("orders") } });
    const outcomes = await write(sink, {
      a: { id: "1", amount: 5 },
      b: { note: null, id: "2", amount: 1_000_000_007 },
      c: { id: 3, amount: 7, note: "x" },
    });
    assertEquals(said(outcomes), ["committed", "committed", "committed"]);
    assertEquals(await subject.query("SELECT * FROM @orders ORDER BY id"), [
      { id: "1", amount: 5, note: "none" },
      { id: "2", amount: 1_000_000_007, note: null },
      { id: "3", amount: 7, note: "x" },
    ]);
    const again = await write(sink, { a: { id: "1", amount: 5 } });
    assertEquals(said(again), ["duplicate"]);
    assertEquals((await subject.query("SELECT count(*) AS n FROM @orders")).map(({ n }) => Number(n)), [3]);
    await sink.close();
  }],

  ["a row that cannot become one is rejected alone, with the field named", async (subject) => {
    await subject.query(ORDERS);
    const sink = await subject.open({ into: { table: subject.named("orders") } });
    const rows: Record<string, unknown> = {
      good: { id: "1", amount: 5 },
      unknown: { id: "2", amount: 5, colour: "red" },
      array: [1],
      text: "x",
      nothing: {},
      check: { id: "3", amount: -1 },
      taken: { id: "1", amount: 5 },
      half: { id: "\ud800", amount: 5 },
      last: { id: "4" },
    };
    const told = said(await write(sink, rows));
    const table = JSON.stringify(subject.named("orders"));
    assertEquals(told[0], "committed");
    assertEquals(
      told[1],
      `UNKNOWN_FIELD: the field "colour" has no column in ${table} that can be filled: there are id, amount, note`,
    );
    assertEquals(told[2], "NOT_AN_OBJECT: the row must be an object with fields for columns: it is an array");
    assertEquals(told[3], "NOT_AN_OBJECT: the row must be an object with fields for columns: it is a string");
    assertEquals(told[4], `NO_FIELD: the row has no field for a column of ${table}`);
    const codes = subject.kind === "sqlite"
      ? ["SQLITE_CONSTRAINT_CHECK", "SQLITE_CONSTRAINT_PRIMARYKEY", "INVALID_TEXT"]
      : ["23514", "23505", "22P02"];
    assertEquals(told.slice(5, 8).map((text) => text.split(":")[0]), codes);
    assertEquals(told[8], "committed");
    assertEquals((await subject.query("SELECT id FROM @orders ORDER BY id")).map(({ id }) => id), ["1", "4"]);
    assertEquals([await sink.countCommitted(), await sink.countRejected()], [2, 7]);
    await sink.close();
  }],

  ["columns that are named get their fields, the id and the key of the write, and no other", async (subject) => {
    await subject.query("CREATE TABLE @events (id text, tenant text DEFAULT 'nobody', kind text, amount integer)");
    const columns = { id: "$requestId", tenant: "$partitionKey", kind: "type" };
    const sink = await subject.open({ into: { table: subject.named("events"), columns } });
    await write(sink, { a: { type: "paid", amount: 5, $requestId: "forged" } }, { partitionKey: "t1" });
    const outcomes = await write(sink, { b: { $partitionKey: "forged" }, c: { type: "sent" } });
    assertEquals(said(outcomes), ["committed", "committed"]);
    assertEquals(await subject.query("SELECT * FROM @events ORDER BY id"), [
      { id: "a", tenant: "t1", kind: "paid", amount: null },
      { id: "b", tenant: "nobody", kind: null, amount: null },
      { id: "c", tenant: "nobody", kind: "sent", amount: null },
    ]);
    await sink.close();
  }],

  ["objects and arrays are stored as JSON text, and any name is quoted", async (subject) => {
    const name = subject.kind === "sqlite" ? `"the ""Order's"" table"` : `"Order's; --"`;
    await subject.query(`CREATE TABLE @${name} ("select" text, "a ""b""" text, "__proto__" text, "Id" text)`);
    const sink = await subject.open({ into: { table: subject.named(name.slice(1, -1).replaceAll('""', '"')) } });
    const rows = {
      a: JSON.parse('{"select":{"b":[1,"é"],"aa":null},"a \\"b\\"":[],"__proto__":"p","Id":"x"}'),
      b: { select: "', DROP" },
    };
    assertEquals(said(await write(sink, rows)), ["committed", "committed"]);
    assertEquals(
      await subject.query(`SELECT "select" AS s, "a ""b""" AS a, "__proto__" AS p, "Id" AS i FROM @${name}`),
      [
        { s: '{"b":[1,"é"],"aa":null}', a: "[]", p: "p", i: "x" },
        { s: "', DROP", a: null, p: null, i: null },
      ],
    );
    await sink.close();
  }],

  [
    "a column that is added while the sink is open is found, and one that is dropped is no fault of a row",
    async (subject) => {
      await subject.query(ORDERS);
      const sink = await subject.open({ into: { table: subject.named("orders") } });
      assertEquals(said(await write(sink, { a: { id: "1" } })), ["committed"]);
      await subject.query("ALTER TABLE @orders ADD COLUMN colour text");
      assertEquals(said(await write(sink, { b: { id: "2", colour: "red" } })), ["committed"]);
      await subject.query("ALTER TABLE @orders DROP COLUMN colour");
      await refused(() => write(sink, { c: { id: "3", colour: "red" } }));
      await subject.query("DROP TABLE @orders");
      await refused(() => write(sink, { d: { id: "4" } }));
      assertEquals(await sink.countCommitted(), 2);
      await sink.close();
    },
  ],

  ["open() says which table or column is missing, and that an effect is one only", async (subject) => {
    await subject.query(ORDERS);
    const { named, open } = subject;
    const orders = named("orders");
    const missing = await refused(() => open({ into: { table: named("Orders ") } }));
    assert(
      missing.startsWith(`Cannot fill the table ${JSON.stringify(named("Orders "))} as ${subject.kind}:`),
      missing,
    );
    assert(missing.includes("has none of that name: create it, or correct the name"), missing);
    const column = await refused(() => open({ into: { table: orders, columns: { ID: "id" } } }));
    assert(column.endsWith('it has no column "ID" that can be filled: there are id, amount, note'), column);
    assert((await refused(() => open({ into: { table: orders, columns: {} } }))).includes("'columns'"));
    assert((await refused(() => open({ into: { table: "" } }))).includes("'table'"));
    const own = await refused(() => open({ into: { table: named("batched_writes") } }));
    assert(own.endsWith("as it is one of the ledger's own"), own);
    const both = await refused(() => open({ into: { table: orders }, apply: () => {}, applyName: "x" }));
    assertEquals(both, "Cannot open the sink as 'into' and 'apply' exclude each other");
  }],

  ["the ledger keeps table and columns as the name of the effect", async (subject) => {
    await subject.query(ORDERS);
    const into = { table: subject.named("orders") };
    await (await subject.open({ into })).close();
    await (await subject.open({ into })).close();
    const other = await refused(() => subject.open({ into: { ...into, columns: { id: "$requestId", note: "note" } } }));
    assert(other.includes(`the effect ${JSON.stringify(`into:${into.table}`)}`), other);
    assert(other.includes(`sink migrate --apply-name 'into:${into.table}(id=$requestId,note)'`), other);
  }],

  ["a name that would be too long ends in a digest of all of it", async (subject) => {
    const names = Array.from({ length: 30 }, (_, i) => `column${i}`);
    await subject.query(`CREATE TABLE @wide (${names.map((name) => `${name} text`).join(", ")})`);
    const table = subject.named("wide");
    const columns = Object.fromEntries(names.map((name) => [name, "a"]));
    await (await subject.open({ into: { table, columns } })).close();
    const other = await refused(() => subject.open({ into: { table, columns: { ...columns, column29: "b" } } }));
    const kept = JSON.parse(/through the effect ("[^"]+")/.exec(other)![1]);
    assert(kept.startsWith(`into:${table}(column0=a,`) && /#[\w-]{22}$/.test(kept) && kept.length === 100, kept);
    assert(!other.includes(`--apply-name '${kept}'`), other);
  }],
];

for (const [name, run] of TESTS) {
  fileTest(`SQLite into: ${name}`, async () => {
    await using store = new SqliteStore();
    await run({
      kind: "sqlite",
      open: (options) => store.openWith(options),
      query: (sql) => Promise.resolve(store.query(sql.replaceAll("@", ""))),
      named: (table) => table,
    });
  });
}

fileTest("SQLite into: numbers stay whole in columns for text, and truth is 1 or 0", async () => {
  await using store = new SqliteStore();
  store.query("CREATE TABLE facts (a text, b, c integer, d real, made integer AS (c + 1))");
  const sink = await store.openWith({ into: { table: "facts" } });
  const outcomes = await write(sink, {
    a: { a: 5, b: 9007199254740991, c: true, d: 1 },
    b: { b: 1.5, c: false },
    c: { made: 1 },
  });
  assertEquals(outcomes.map(({ status }) => status), ["committed", "committed", "rejected"]);
  assertEquals(store.query("SELECT a, CAST(b AS text) AS b, typeof(b) AS type, c FROM facts"), [
    { a: "5", b: "9007199254740991", type: "integer", c: 1 },
    { a: null, b: "1.5", type: "real", c: 0 },
  ]);
  await sink.close();
});

fileTest("SQLite into: a sink that is refused leaves no ledger behind", async () => {
  await using store = new SqliteStore();
  await refused(() => store.openWith({ into: { table: "orders" } }));
  assertEquals(store.query("SELECT name FROM sqlite_schema"), []);
});

const postgresTest = postgresTests();

for (const [name, run] of TESTS) {
  postgresTest(`PostgreSQL into: ${name}`, async (cluster) => {
    const schema = `Into${crypto.randomUUID().slice(0, 8)}`;
    await using store = await PostgresStore.create(cluster, { schema });
    await run({
      kind: "postgres",
      open: (options) => store.openWith(options),
      query: (sql) => store.query(sql.replaceAll("@", `"${schema}".`)),
      named: (table) => `${schema}.${table}`,
    });
  });
}

postgresTest("PostgreSQL into: the type of each column reads its value", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  await store.query(`CREATE TYPE mood AS ENUM ('good', 'bad')`);
  await store.query(`CREATE DOMAIN named AS text NOT NULL`);
  await store.query(
    `CREATE TABLE kinds (n bigserial, id uuid, at timestamptz, price numeric(10, 2), doc jsonb, raw json, tags text[],
      mood mood, ok boolean, short varchar(3), who named DEFAULT 'me', always integer GENERATED ALWAYS AS IDENTITY)`,
  );
  const sink = await store.openWith({ into: { table: "kinds" } });
  const id = crypto.randomUUID();
  const whole = {
    id,
    at: "2026-01-02T03:04:05Z",
    price: 12.345,
    doc: { b: 1, aa: [true] },
    raw: { b: 1, aa: 2 },
    tags: ["x", "y"],
    mood: "good",
    ok: true,
    short: "abc",
  };
  const told = said(
    await write(sink, {
      whole,
      text: { doc: "just text", raw: [1] },
      mood: { mood: "ugly" },
      short: { short: "abcd" },
      integer: { n: 1.5 },
      nul: { short: "\0" },
      always: { always: 1 },
      nobody: { who: null },
    }),
  );
  assertEquals(told.map((text) => text.split(":")[0]), [
    "committed",
    "committed",
    "22P02",
    "22001",
    "22P02",
    "22P05",
    "UNKNOWN_FIELD",
    "23502",
  ]);
  const [first, second] = await store.query(
    `SELECT id, extract(epoch FROM at)::int AS at, price::text, doc::text, raw::text, tags, mood, ok, short, who FROM kinds`,
  );
  assertEquals(first, {
    ...whole,
    at: Date.parse(whole.at) / 1_000,
    price: "12.35",
    doc: '{"b": 1, "aa": [true]}',
    raw: '{"b":1,"aa":2}',
    who: "me",
  });
  assertEquals([second.doc, second.raw], ['"just text"', "[1]"]);
  await store.query("DROP TABLE kinds; DROP TYPE mood; DROP DOMAIN named");
  await sink.close();
});

postgresTest(
  "PostgreSQL into: a type that changes while the sink is open is the one that reads values",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    await store.query("CREATE TABLE changing (n integer, at timestamp, short varchar(3), price numeric(6, 1))");
    const sink = await store.openWith({ into: { table: "changing" } });
    assertEquals(said(await write(sink, { a: { n: 5, short: "abc", price: 1.25 } })), ["committed"]);
    const altering = store.query(
      `ALTER TABLE changing ALTER n TYPE bigint, ALTER at TYPE timestamptz, ALTER short TYPE varchar(5),
      ALTER price TYPE numeric(8, 3); SELECT pg_sleep(0.5)`,
    );
    const locks = "SELECT 1 FROM pg_locks WHERE relation = 'changing'::regclass AND mode = 'AccessExclusiveLock'";
    while ((await store.query(locks)).length === 0);
    const row = { n: 5_000_000_000, at: "2026-01-02T03:04:05+05", short: "abcde", price: 1.234 };
    assertEquals(said(await write(sink, { b: row })), ["committed"]);
    await altering;
    const stored = "SELECT n::text, extract(epoch FROM at)::int AS at, short, price::text FROM changing WHERE n > 5";
    assertEquals(await store.query(stored), [
      { n: "5000000000", at: Date.parse("2026-01-01T22:04:05Z") / 1_000, short: "abcde", price: "1.234" },
    ]);
    await store.query("DROP TABLE changing");
    await sink.close();
  },
);

postgresTest("PostgreSQL into: a view is filled if rows can go through it", async (cluster) => {
  await using store = await PostgresStore.create(cluster);
  await store.query("CREATE TABLE base (id text, amount integer)");
  await store.query("CREATE VIEW paid AS SELECT * FROM base WHERE amount > 0 WITH CHECK OPTION");
  await store.query("CREATE VIEW counted AS SELECT count(*) AS n FROM base");
  const counted = await refused(() => store.openWith({ into: { table: "counted" } }));
  assertEquals(counted, 'Cannot fill the table "counted" as no row can be inserted into it');
  const sink = await store.openWith({ into: { table: "paid" } });
  const told = said(await write(sink, { a: { id: "1", amount: 5 }, b: { id: "2", amount: -5 } }));
  assertEquals(told.map((text) => text.split(":")[0]), ["committed", "44000"]);
  await store.query("DROP TABLE base CASCADE");
  await sink.close();
});

postgresTest(
  "PostgreSQL into: a batch is one statement for each set of fields, and one bad row is found",
  async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    await store.query("CREATE TABLE many (id integer PRIMARY KEY, a integer, b integer)");
    await store.query("CREATE TABLE inserts (tg text)");
    await store.query(
      `CREATE FUNCTION count_insert() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.inserts VALUES (TG_OP); RETURN NULL; END $$`,
    );
    await store.query("CREATE TRIGGER counts AFTER INSERT ON many FOR EACH STATEMENT EXECUTE FUNCTION count_insert()");
    const sink = await store.openWith({ into: { table: "public.many" } });
    const rows = Array.from({ length: 1_000 }, (_, id) => [`w${id}`, id % 3 === 0 ? { id, a: 1 } : { id, b: 2 }]);
    const outcomes = await write(sink, Object.fromEntries(rows));
    assert(outcomes.every(({ status }) => status === "committed"));
    assertEquals(await store.query("SELECT count(*)::int AS n FROM inserts"), [{ n: 2 }]);
    const more = Array.from(
      { length: 100 },
      (_, i) => [`x${i}`, { id: i === 60 ? 5 : 2_000 + i, [i % 2 ? "a" : "b"]: 1 }],
    );
    const statuses = (await write(sink, Object.fromEntries(more))).map(({ status }) => status);
    assertEquals([statuses.indexOf("rejected"), statuses.lastIndexOf("rejected")], [60, 60]);
    assertEquals(await store.query("SELECT count(*)::int AS n FROM many"), [{ n: 1_099 }]);
    await store.query("DROP TABLE many, inserts; DROP FUNCTION count_insert");
    await sink.close();
  },
);
