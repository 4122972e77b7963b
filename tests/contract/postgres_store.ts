/**
 * A PostgreSQL schema for one test, and ways to look into it.
 *
 * @module
 */

import type postgres from "postgres";
import type { PostgresCluster } from "../../src/server/postgres_cluster.ts";
import type { NewWrite } from "../../src/sinks/apply.ts";
import { isoUtc } from "../../src/sinks/postgres/ledger.ts";
import { migratePostgresSink, PostgresSink, type PostgresSinkOptions } from "../../src/sinks/postgres/sink.ts";
import type { PostgresTransaction } from "../../src/sinks/postgres/transaction.ts";
import {
  EACH,
  type EachWrite,
  type SinkStore,
  type StoredRejection,
  type StoredWrite,
  withName,
} from "./sink_store.ts";

function applyEach(each: EachWrite, effects: string) {
  return async (tx: PostgresTransaction, writes: readonly NewWrite[]) => {
    const results: unknown[] = [];
    for (const write of writes) {
      await tx.run(`INSERT INTO ${effects} (request_id) VALUES ($1)`, write.requestId);
      results.push(await each(write));
    }
    return results;
  };
}

let stores = 0;

/** A schema of its own. */
export class PostgresStore implements SinkStore {
  private constructor(
    /** Past the sink under test. */
    readonly sql: postgres.Sql,
    readonly options: PostgresSinkOptions,
    /** The schema's name, quoted. */
    readonly schema: string,
  ) {}

  /** Makes an empty ledger on a server, and a table for effects. */
  static async create(cluster: PostgresCluster, options: Partial<PostgresSinkOptions> = {}): Promise<PostgresStore> {
    const { default: connect } = await import("postgres");
    const named = { url: cluster.url(), schema: `test ${++stores}`, ...options };
    await migratePostgresSink(named);
    const sql = connect(cluster.url(), { max: 2, onnotice: () => {} });
    const store = new PostgresStore(sql, named, `"${named.schema.replaceAll('"', '""')}"`);
    await store.query(`CREATE TABLE ${store.schema}.effects (
      position bigint GENERATED ALWAYS AS IDENTITY, request_id text NOT NULL)`);
    return store;
  }

  open(each?: EachWrite): Promise<PostgresSink> {
    return this.openWith(each && { apply: applyEach(each, `${this.schema}.effects`), applyName: EACH });
  }

  /** Opens a sink with these options. */
  openWith(options: Partial<PostgresSinkOptions> = {}): Promise<PostgresSink> {
    return PostgresSink.open({ ...this.options, ...withName(options) });
  }

  /** Runs SQL on a connection of its own. */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.sql.unsafe(sql)).map((row) => ({ ...row }));
  }

  async ledger(): Promise<StoredWrite[]> {
    const rows = await this.query(
      `SELECT request_id, digest, data::text AS data, partition_key, batch_id, ${
        isoUtc("committed_at")
      } AS committed_at,
        result::text AS result FROM ${this.schema}.batched_writes ORDER BY xmin::text::bigint, batch_position`,
    );
    return rows.map((row) => ({
      requestId: row.request_id as string,
      digest: row.digest as string,
      data: row.data as string,
      partitionKey: row.partition_key as string | null,
      batchId: row.batch_id as string,
      committedAt: row.committed_at as string,
      result: row.result as string | null,
    }));
  }

  async deadLetters(): Promise<StoredRejection[]> {
    const rows = await this.query(
      `SELECT request_id, data, error_type, error_message, batch_id, ${isoUtc("rejected_at")} AS rejected_at
        FROM ${this.schema}.rejected_writes`,
    );
    return rows.map((row) => ({
      requestId: row.request_id as string,
      data: row.data as string,
      errorType: row.error_type as string,
      errorMessage: row.error_message as string,
      batchId: row.batch_id as string,
      rejectedAt: row.rejected_at as string,
    }));
  }

  async effects(): Promise<string[]> {
    const rows = await this.query(`SELECT request_id FROM ${this.schema}.effects ORDER BY position`);
    return rows.map((row) => row.request_id as string);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.query(`DROP SCHEMA ${this.schema} CASCADE`);
    await this.sql.end();
  }
}
