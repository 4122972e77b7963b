/**
 * Workers of variants other than our own.
 *
 * @module
 */
import type { InsertRows } from "../../activities/batch_write.ts";
import { connectNative, loadConnectConfig } from "../../../client/connection.ts";
import { PlainTable } from "../../plain_table.ts";
import { createRivalWorker } from "../../create_lab_worker.ts";
import { runWorker } from "../../../worker/local_system.ts";
import { logTaskFailure } from "../../../worker/watched_worker.ts";
import { DatabaseLoad } from "../database.ts";
import type { VariantWorkerOptions, VariantWorkers } from "../variant.ts";

/** One worker to start. */
export interface RivalWorker {
  readonly taskQueue: string;
  readonly activities: object;
}

/** Which workers there are to start. */
export interface RivalWorkersPlan {
  /** Table that the workers write to; left out where none of them writes. */
  readonly table?: string;
  /** The workers; those that write insert rows with what they are given. */
  readonly workers: (insert: InsertRows) => readonly RivalWorker[];
}

/** Creates a table without a ledger. Harmless to repeat. */
export async function createPlainTable(path: string, table: string): Promise<void> {
  await (await PlainTable.open({ path, table })).close();
}

/** Starts workers in this process and returns when they poll. */
export async function startRivalWorkers(
  options: VariantWorkerOptions,
  { table, workers }: RivalWorkersPlan,
): Promise<VariantWorkers> {
  await using stack = new AsyncDisposableStack();
  const { connection, namespace } = loadConnectConfig({ address: options.address });
  const native = await connectNative(connection);
  stack.defer(() => native.close());
  const load = new DatabaseLoad(table);
  let insert: InsertRows = () => Promise.reject(new Error("Cannot write as this worker has no table"));
  if (table !== undefined) {
    const opened = await PlainTable.open({ path: options.databaseFile, table, onStatement: load.onStatement });
    stack.defer(() => opened.close());
    insert = (batchId, rows) => options.faults.around(() => opened.write(batchId, rows));
  }
  for (const { taskQueue, activities } of workers(insert)) {
    const { workflowBundle, log } = options;
    const onTaskFailure = logTaskFailure(log);
    const base = { connection: native, namespace, workflowBundle, onTaskFailure };
    const worker = await createRivalWorker({ ...base, taskQueue, activities });
    stack.defer(runWorker(worker, (error) => log.error(`A worker ended: ${(error as Error).message}`)));
  }
  const started = stack.move();
  return {
    counts: () => load.counts,
    connections: table === undefined ? 0 : 1,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
