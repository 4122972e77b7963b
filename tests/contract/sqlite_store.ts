/**
 * A SQLite file for one test, and ways to look into it.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import type { NewWrite } from "../../src/sinks/apply.ts";
import { SqliteSink, type SqliteSinkOptions } from "../../src/sinks/sqlite/sink.ts";
import type { SqliteTransaction } from "../../src/sinks/sqlite/transaction.ts";
import {
  EACH,
  type EachWrite,
  type SinkStore,
  type StoredRejection,
  type StoredWrite,
  withName,
} from "./sink_store.ts";

/** Whether this process may do what tests with files need. */
const PERMITTED = (["read", "write", "run"] as const).every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);

/** Registers a test that needs files, or shows it as ignored. */
export function fileTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: PERMITTED ? name : `${name} (run it with: deno task test)`, ignore: !PERMITTED, fn });
}

function applyEach(each: EachWrite) {
  return async (tx: SqliteTransaction, writes: readonly NewWrite[]) => {
    const results: unknown[] = [];
    for (const write of writes) {
      tx.run("INSERT INTO effects (request_id) VALUES (?)", write.requestId);
      results.push(await each(write));
    }
    return results;
  };
}

const LEDGER = ["request_id", "digest", "data", "partition_key", "batch_id", "committed_at", "result"];
const DEAD_LETTERS = ["request_id", "data", "error_type", "error_message", "batch_id", "rejected_at"];

/** A SQLite file in a folder of its own. */
export class SqliteStore implements SinkStore {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "sqlite_sink_" });
  readonly path: string = `${this.folder}/ledger.db`;

  /** Opens a sink; the table `effects` is made before an `apply` can want it. */
  async open(each?: EachWrite): Promise<SqliteSink> {
    const sink = await this.openWith(each && { apply: applyEach(each), applyName: EACH });
    this.query("CREATE TABLE IF NOT EXISTS effects (request_id TEXT NOT NULL)");
    return sink;
  }

  /** Opens a sink with these options. */
  openWith(options: Partial<SqliteSinkOptions> = {}): Promise<SqliteSink> {
    return SqliteSink.open({ path: this.path, ...withName(options) });
  }

  /** Runs a statement on a connection of its own. */
  query(sql: string): Record<string, unknown>[] {
    using database = new DatabaseSync(this.path, { timeout: 5_000 });
    return database.prepare(sql).all().map((row) => ({ ...row }));
  }

  ledger(): Promise<StoredWrite[]> {
    const rows = this.#text("batched_writes", LEDGER);
    return Promise.resolve(rows.map((row) => ({
      requestId: row.request_id!,
      digest: row.digest!,
      data: row.data!,
      partitionKey: row.partition_key,
      batchId: row.batch_id!,
      committedAt: row.committed_at!,
      result: row.result,
    })));
  }

  deadLetters(): Promise<StoredRejection[]> {
    const rows = this.#text("rejected_writes", DEAD_LETTERS);
    return Promise.resolve(rows.map((row) => ({
      requestId: row.request_id!,
      data: row.data!,
      errorType: row.error_type!,
      errorMessage: row.error_message!,
      batchId: row.batch_id!,
      rejectedAt: row.rejected_at!,
    })));
  }

  effects(): Promise<string[]> {
    return Promise.resolve(this.#text("effects", ["request_id"]).map((row) => row.request_id!));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }

  /** Reads bytes: text that holds NUL comes back cut short otherwise. Bytes that are not UTF-8 throw. */
  #text(table: string, columns: readonly string[]): Record<string, string | null>[] {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const select = columns.map((column) => `CAST(${column} AS BLOB) AS ${column}`).join(", ");
    return this.query(`SELECT ${select} FROM ${table} ORDER BY rowid`).map((row) =>
      Object.fromEntries(columns.map((column) => {
        const bytes = row[column] as Uint8Array | null;
        return [column, bytes && decoder.decode(bytes)];
      }))
    );
  }
}
