/** A ledger and the name of the effect that its rows go through. */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { migratePostgresSink, openPostgresAdmin, PostgresSink } from "../../src/sinks/postgres/sink.ts";
import { type Sink, SinkError } from "../../src/sinks/sink.ts";
import type { SinkAdmin } from "../../src/sinks/sink_admin.ts";
import { SqliteAdmin } from "../../src/sinks/sqlite/admin.ts";
import { migrateSqliteSink, SqliteSink } from "../../src/sinks/sqlite/sink.ts";
import { PostgresStore } from "../contract/postgres_store.ts";
import { makeBatch } from "../contract/sink_store.ts";
import { fileTest, SqliteStore } from "../contract/sqlite_store.ts";
import { postgresTests } from "../support/postgres_tests.ts";

/** A ledger that sinks with any options can be opened on. */
interface Subject {
  open(options: { apply?: () => void; applyName?: string }): Promise<Sink>;
  migrate(applyName?: string | null): Promise<unknown>;
  admin(): Promise<SinkAdmin>;
  /** Deletes what the ledger says about itself. */
  lose(): Promise<unknown>;
}

const apply = () => {};

async function refused(act: () => Promise<unknown>): Promise<string> {
  const { kind, wrote, message } = await assertRejects(act, SinkError);
  assertEquals([kind, wrote], ["setup", "no"], message);
  assert(!message.includes("\n"), message);
  return message;
}

const TESTS: readonly (readonly [name: string, run: (subject: Subject) => Promise<void>])[] = [
  ["open() wants a name with 'apply', none without, and keeps it within its bounds", async ({ open }) => {
    assert((await refused(() => open({ apply }))).includes("'apply' needs an 'applyName'"));
    assert((await refused(() => open({ applyName: "bank" }))).includes("or give 'apply'"));
    for (const [applyName, named] of [["", "empty"], ["x".repeat(101), "100 characters"], ["a\u001bb", "control"]]) {
      assert((await refused(() => open({ apply, applyName }))).includes(named), named);
    }
    const name = "x".repeat(100);
    await (await open({ apply, applyName: name })).close();
    await (await open({ apply, applyName: name })).close();
  }],
  ["open() gives a ledger without rows the first name, and refuses every other one", async ({ open }) => {
    await (await open({})).close();
    const sink = await open({ apply, applyName: "bank" });
    const other = await refused(() => open({ apply, applyName: "stock" }));
    assert(other.includes('"bank"') && other.includes('"stock"') && other.includes("--apply-name"), other);
    const none = await refused(() => open({}));
    assert(none.includes('"bank"') && none.includes("--no-apply"), none);
    assertEquals((await sink.write(makeBatch("batch", ["a"])))[0].status, "committed");
    await sink.close();
  }],
  ["open() of many sinks at once gives it one name", async ({ open }) => {
    const names = ["a", "b", "a", "b", "a", "b"];
    const opened = await Promise.allSettled(names.map((applyName) => open({ apply, applyName })));
    const kept = names.filter((_, i) => opened[i].status === "fulfilled");
    assert(kept.length > 0 && new Set(kept).size === 1, kept.join());
    for (const each of opened) if (each.status === "fulfilled") await each.value.close();
  }],
  ["a ledger whose rows have no name gets one on purpose only", async ({ open, migrate }) => {
    const none = await open({});
    await none.write(makeBatch("old", ["a"]));
    const message = await refused(() => open({ apply, applyName: "bank" }));
    assert(message.includes("sink migrate --apply-name bank"), message);
    await migrate("bank");
    const sink = await open({ apply, applyName: "bank" });
    assertEquals((await sink.write(makeBatch("new", ["a", "b"]))).map(({ status }) => status), [
      "duplicate",
      "committed",
    ]);
    await refused(() => none.write(makeBatch("late", ["c"])));
    assertEquals(await sink.countCommitted(), 2);
    await Promise.all([sink.close(), none.close()]);
  }],
  ["open() says what to run in a way that a shell takes for the name as it is", async ({ open }) => {
    const none = await open({});
    await none.write(makeBatch("old", ["a"]));
    await none.close();
    for (const applyName of ["bank", "my bank", "it's $HOME `x` \\ \"", "-rf", "--no apply", "ü", "*", "#1", "a;b"]) {
      const [, flag] = (await refused(() => open({ apply, applyName }))).split("deno task sink migrate ");
      const { stdout } = await new Deno.Command("sh", { args: ["-c", `printf '%s\\n' ${flag}`] }).output();
      const [name, ...value] = new TextDecoder().decode(stdout).split("\n").slice(0, -1);
      assertEquals(value.length === 0 ? name : `${name}=${value}`, `--apply-name=${applyName}`);
    }
  }],
  ["write() is refused when the name was changed since, and before anything is stored", async ({ open, migrate }) => {
    const sink = await open({ apply, applyName: "bank" });
    await migrate("stock");
    await refused(() => sink.write(makeBatch("batch", ["a"])));
    await migrate(null);
    await refused(() => sink.write(makeBatch("batch", ["a"])));
    assertEquals(await sink.countCommitted(), 0);
    await migrate("bank");
    await migrate();
    assertEquals((await sink.write(makeBatch("batch", ["a"])))[0].status, "committed");
    await sink.close();
  }],
  ["a ledger that lost its identity gets another one, and the name of its effect on purpose only", async (subject) => {
    const { open, migrate, admin: openAdmin, lose } = subject;
    const admin = await openAdmin();
    const lost = (await admin.identify()).identity;
    await lose();
    await migrate();
    const { identity } = await admin.identify();
    assertNotEquals(identity, lost);
    const sink = await open({ apply, applyName: "bank" });
    assertEquals((await sink.write(makeBatch("old", ["a"])))[0].status, "committed");
    await lose();
    const acts = [
      () => sink.write(makeBatch("late", ["b"])),
      () => sink.identify(),
      () => admin.identify(),
      () => admin.renew(),
      () => admin.pruneCommittedBefore("2999-01-01T00:00:00.000Z"),
      () => open({ apply, applyName: "bank" }),
      () => open({}),
      () => migrate(),
    ];
    for (const act of acts) {
      const message = await refused(act);
      assert(/deno task sink migrate.*--apply-name.*--no-apply/.test(message), message);
    }
    await migrate("bank");
    assertNotEquals((await admin.identify()).identity, identity);
    assert((await refused(() => open({}))).includes('"bank"'));
    assertEquals((await sink.write(makeBatch("new", ["a", "b"]))).map(({ status }) => status), [
      "duplicate",
      "committed",
    ]);
    await (await open({ apply, applyName: "bank" })).close();
    await lose();
    await migrate(null);
    await (await open({})).close();
    await Promise.all([sink.close(), admin.close()]);
  }],
];

for (const [name, run] of TESTS) {
  fileTest(`SqliteSink: ${name}`, async () => {
    await using store = new SqliteStore();
    const { path } = store;
    await run({
      open: (options) => SqliteSink.open({ path, ...options }),
      migrate: (applyName) => migrateSqliteSink({ path }, applyName),
      admin: async () => {
        await migrateSqliteSink({ path });
        return await SqliteAdmin.open(path);
      },
      lose: () => Promise.resolve(store.query("DELETE FROM batcher_ledger")),
    });
  });
}

const postgresTest = postgresTests();

for (const [name, run] of TESTS) {
  postgresTest(`PostgresSink: ${name}`, async (cluster) => {
    await using store = await PostgresStore.create(cluster);
    await run({
      open: (options) => PostgresSink.open({ ...store.options, ...options }),
      migrate: (applyName) => migratePostgresSink(store.options, applyName),
      admin: () => openPostgresAdmin(store.options),
      lose: () => store.query(`DELETE FROM ${store.schema}.batcher_schema`),
    });
  });
}
