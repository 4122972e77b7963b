import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openPlainTable } from "../../src/lab/open_plain_table.ts";
import { DEFAULT_SINK_SPEC, migrateSink, openSink, parseSinkSpec } from "../../src/sinks/open_sink.ts";
import { SinkError } from "../../src/sinks/sink.ts";
import { fileTest } from "../contract/sqlite_store.ts";

Deno.test("parseSinkSpec() accepts files", () => {
  const paths = {
    [DEFAULT_SINK_SPEC]: "data/ledger.db",
    "sqlite:ledger.db": "ledger.db",
    "sqlite:/data/ledger.db": "/data/ledger.db",
    "sqlite:///data/ledger.db": "/data/ledger.db",
    "sqlite:C:\\data\\ledger.db": "C:\\data\\ledger.db",
    "SQLite:odd name?mode=ro#1.db": "odd name?mode=ro#1.db",
  };
  for (const [spec, path] of Object.entries(paths)) assertEquals(parseSinkSpec(spec), { kind: "sqlite", path });
});

Deno.test("parseSinkSpec() accepts addresses of PostgreSQL", () => {
  for (const url of ["postgres://user:secret@host/db", "PostgreSQL://host?schema=x"]) {
    assertEquals(parseSinkSpec(url), { kind: "postgres", url });
  }
  const error = assertThrows(() => parseSinkSpec("postgres://user:sec/ret@host/db"), SinkError);
  assert(error.message.includes("%2F for /") && !error.message.includes("sec"), error.message);
});

Deno.test("parseSinkSpec() refuses everything else with one line that names the option and the accepted form", () => {
  const refused = [
    "",
    "ledger.db",
    "sqlite",
    "sqlite:",
    "sqlite://data/ledger.db",
    "sqlite::memory:",
    "mysql://user:secret@host/db",
    "postgres//user:secret@host/db",
    " sqlite:a",
  ];
  for (const spec of refused) {
    const error = assertThrows(() => parseSinkSpec(spec), SinkError);
    assertEquals([error.kind, error.wrote], ["setup", "no"], spec);
    assert(error.message.includes("--sink") && error.message.includes("sqlite:FILE"), error.message);
    assert(!error.message.includes("\n") && !error.message.includes("secret"), error.message);
  }
});

fileTest("openSink() opens a SQLite sink that says where it is, and whether it is a new one", async () => {
  const folder = await Deno.makeTempDir();
  const told: string[] = [];
  for (let i = 0; i < 2; i++) {
    const sink = await openSink(`sqlite:${folder}/b.db`, { onNewLedger: (path) => told.push(path) });
    assertEquals(sink.description, `sqlite:${folder}/b.db`);
    assertEquals(await sink.countCommitted(), 0);
    await sink.close();
  }
  assertEquals(told, [`${folder}/b.db`]);
  await assertRejects(() => openSink(`sqlite:${folder}/a/b.db`), SinkError, `there is no folder '${folder}/a'`);
  await Deno.remove(folder, { recursive: true });
});

fileTest("openSink() creates the folder of the default file, and migrateSink() and openPlainTable() do", async () => {
  const folder = await Deno.makeTempDir();
  const before = Deno.cwd();
  try {
    Deno.chdir(folder);
    const acts = [
      async () => await (await openSink(DEFAULT_SINK_SPEC)).close(),
      async () => assertEquals(await migrateSink(DEFAULT_SINK_SPEC), { before: 0, now: 3 }),
      async () => await (await openPlainTable("sqlite:./data/other.db", "signal_writes")).close(),
    ];
    for (const act of acts) {
      await act();
      await Deno.remove("data", { recursive: true });
    }
    await Deno.writeTextFile("data", "");
    assertEquals((await assertRejects(() => openSink(DEFAULT_SINK_SPEC), SinkError)).kind, "setup");
  } finally {
    Deno.chdir(before);
    await Deno.remove(folder, { recursive: true });
  }
});
