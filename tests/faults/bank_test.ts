/**
 * 20,000 transfers from 50 callers, with duplicates, conflicts, bad rows and lost answers mixed in: each is applied once
 * or not at all, and every caller is told which.
 */
import { assert, assertEquals } from "@std/assert";
import type { Sink } from "../../src/sinks/sink.ts";
import { ACCOUNTS, applyToPostgres, applyToSqlite, bankTables, START_BALANCE } from "../support/bank.ts";
import type { BankRows, Told } from "../support/bank_calls.ts";
import { permittedTest } from "../support/permitted.ts";
import { postgresTests } from "../support/postgres_tests.ts";

const CALLERS = 50;
const CALLS = 20_000;
const WRITERS = 4;

/** Runs the callers on a sink, and compares what they were told with what is in its tables. */
async function testBank(openSink: () => Promise<Sink>, read: () => Promise<BankRows>): Promise<void> {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0];
  try {
    audit(await runBank(openSink, seed), await read());
  } catch (error) {
    throw new Error(`with seed ${seed}: ${(error as Error).message}`, { cause: error });
  }
}

async function runBank(openSink: () => Promise<Sink>, seed: number): Promise<Told[]> {
  const { Lab } = await import("../support/lab.ts");
  const { planCalls, runCaller } = await import("../support/bank_calls.ts");
  await using lab = await Lab.open({ openSink });
  const name = lab.name("bank");
  await lab.batcherWorker(name);
  const writers = Array.from({ length: WRITERS }, () => lab.writer(name));
  const plans = planCalls(seed, CALLERS, CALLS / CALLERS);
  let done = 0;
  const told = await Promise.all(plans.map((calls, i) =>
    runCaller(writers[i % WRITERS], calls, () => {
      // Now and then the answer to a commit is lost, and the batch is written again.
      if (++done % 2_500 === 0) lab.sink.failAfterCommit(1);
    })
  ));
  return told.flat();
}

/** Compares what callers were told with what is in the tables. */
function audit(told: readonly Told[], { ledger, deadLetters, transfers, balances }: BankRows): void {
  assertEquals(told.length, CALLS);
  assertEquals(balances.length, ACCOUNTS);
  assertEquals(balances.reduce((sum, { balance }) => sum + balance, 0), ACCOUNTS * START_BALANCE);
  const moved = new Map(balances.map(({ id }) => [id, START_BALANCE]));
  for (const { payer, payee, amount } of transfers.values()) {
    moved.set(payer, moved.get(payer)! - amount);
    moved.set(payee, moved.get(payee)! + amount);
  }
  assertEquals(Object.fromEntries(moved), Object.fromEntries(balances.map(({ id, balance }) => [id, balance])));
  assertEquals([...transfers.keys()].sort(), [...ledger.keys()].sort());

  const texts = new Map<string, Set<string>>();
  for (const { write: { requestId, text } } of told) {
    texts.set(requestId, (texts.get(requestId) ?? new Set()).add(text));
  }
  const stored = new Set<string>();
  const counts = { committed: 0, duplicate: 0, rejected: 0, conflict: 0 };
  for (const { write, receipt, errorType } of told) {
    const { requestId } = write;
    const row = ledger.get(requestId);
    if (receipt === undefined) {
      // Nothing but a conflict may fail a call, and that has to be one: the id is called with other data too. Which of
      // them is stored does not matter: this call met the other one while that was under way.
      assertEquals(errorType, "RequestIdConflict", requestId);
      assert(texts.get(requestId)!.size > 1, `${requestId} is no conflict`);
      counts.conflict++;
      continue;
    }
    counts[receipt.status]++;
    if (receipt.status === "rejected") {
      assert(row?.data !== write.text, `${requestId} was rejected, and is stored`);
      if (row === undefined) assert(deadLetters.has(requestId), `${requestId} is no dead letter`);
      continue;
    }
    const { batchId, committedAt } = receipt;
    assertEquals(row, { data: write.text, batchId, committedAt }, requestId);
    assertEquals(transfers.get(requestId), write.data, requestId);
    assert(!deadLetters.has(requestId), `${requestId} is stored, and a dead letter`);
    stored.add(requestId);
  }
  assertEquals([...stored].sort(), [...ledger.keys()].sort());
  // A mix that has none of a kind would show nothing about it.
  for (const [kind, count] of Object.entries(counts)) assert(count > 50, `${count} ${kind}`);
}

permittedTest(
  "bank: 20,000 transfers of 50 callers on SQLite are applied once or not at all, as was told",
  async () => {
    const { SqliteSink } = await import("../../src/sinks/sqlite/sink.ts");
    const { readSqlite } = await import("../support/bank_calls.ts");
    const { DatabaseSync } = await import("node:sqlite");
    const folder = await Deno.makeTempDir();
    const path = `${folder}/bank.db`;
    using database = new DatabaseSync(path);
    database.exec(bankTables().join(";"));
    await testBank(
      () => SqliteSink.open({ path, apply: applyToSqlite, applyName: "bank" }),
      () => Promise.resolve(readSqlite(database)),
    );
    await Deno.remove(folder, { recursive: true });
  },
);

const postgresTest = postgresTests();

postgresTest(
  "bank: 20,000 transfers of 50 callers on PostgreSQL are applied once or not at all, as was told",
  async (cluster) => {
    const { PostgresStore } = await import("../contract/postgres_store.ts");
    const { readPostgres } = await import("../support/bank_calls.ts");
    await using store = await PostgresStore.create(cluster);
    const schema = `${store.schema}.`;
    await store.query(bankTables(schema).join(";"));
    await testBank(
      () => store.openWith({ apply: applyToPostgres(schema) }),
      () => readPostgres(store.sql, schema),
    );
  },
);
