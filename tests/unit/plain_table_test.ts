import { assertEquals, assertRejects } from "@std/assert";
import { DatabaseLoad, prepareDatabase, rowsByKey } from "../../src/lab/compare/database.ts";
import { RowFault } from "../../src/sinks/isolate.ts";
import type { Variant } from "../../src/lab/compare/variant.ts";
import { PlainTable } from "../../src/lab/plain_table.ts";
import { SqliteSink } from "../../src/sinks/sqlite/sink.ts";
import { permittedTest } from "../support/permitted.ts";

/** Runs with a file that goes away afterwards. */
async function withDatabase(name: string, run: (path: string, variant: Variant) => Promise<void>): Promise<void> {
  const { variantOf } = await import("../../src/lab/compare/variants/mod.ts");
  const variant = variantOf(name);
  const directory = await Deno.makeTempDir({ prefix: "temporal-batcher-" });
  try {
    await prepareDatabase(`${directory}/compare.db`, variant);
    await run(`${directory}/compare.db`, variant);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function row(key: string, amount = 1) {
  return { requestId: key, data: JSON.stringify({ key, amount }) };
}

permittedTest("PlainTable.write() stores the same request twice, and says so to the counters", async () => {
  await withDatabase("direct", async (path, variant) => {
    const load = new DatabaseLoad(variant.table);
    const table = await PlainTable.open({ path, table: variant.table, onStatement: load.onStatement });
    await table.write("1", [row("a"), row("b")]);
    await table.write("2", [row("a")]);
    await table.close();
    assertEquals(rowsByKey(path, variant), new Map([["a", 2], ["b", 1]]));
    const { transactions, rows } = load.counts;
    assertEquals([transactions, rows], [2, 3]);
  });
});

permittedTest("PlainTable.write() with a row that is refused stores none of its rows", async () => {
  await withDatabase("signal", async (path, variant) => {
    const load = new DatabaseLoad(variant.table);
    const table = await PlainTable.open({ path, table: variant.table, onStatement: load.onStatement });
    await assertRejects(() => table.write("1", [row("a"), row("b", -1), row("c")]), RowFault, "negative");
    await table.write("2", [row("d")]);
    await table.close();
    assertEquals(rowsByKey(path, variant), new Map([["d", 1]]));
    assertEquals(load.counts.rows, 1);
  });
});

permittedTest("DatabaseLoad counts what a ledger commits, and not what it tries", async () => {
  await withDatabase("update", async (path, variant) => {
    const load = new DatabaseLoad(variant.table);
    const sink = await SqliteSink.open({ path, onStatement: load.onStatement });
    const before = load.counts;
    const writes = Array.from({ length: 9 }, (_, n) => ({ ...row(`${n}`, n - 1), digest: "d", partitionKey: null }));
    const outcomes = await sink.write({ batchId: "1", writes });
    await sink.write({ batchId: "2", writes: writes.slice(1) });
    await sink.close();
    assertEquals(outcomes.map(({ status }) => status), ["rejected", ...new Array(8).fill("committed")]);
    const { transactions, rows } = load.counts;
    assertEquals([transactions - before.transactions, rows - before.rows], [2, 8]);
    assertEquals(rowsByKey(path, variant).size, 8);
  });
});
