/**
 * Group commit for Temporal: many callers, few database writes, and every caller gets the result of its own write.
 *
 * @module
 */
export { createFlushActivities, createSubmitActivities } from "../activities/mod.ts";
export type { FlushReport } from "../activities/flush_batch.ts";
export { BodyError, type BodyProblem } from "./bodies/body_error.ts";
export { BodyStorage, type BodyStorageOptions } from "./bodies/body_storage.ts";
export { FileBodyDriver } from "./bodies/file_driver.ts";
export { openBodyStorage } from "./bodies/open_body_storage.ts";
export { sweepBodies, type SweepOptions, type SweepReport } from "./bodies/sweep.ts";
export {
  BatchWriter,
  type BatchWriterOptions,
  type BatchWriterStats,
  type ConnectedWriterOptions,
  type WriteOptions,
} from "./client/batch_writer.ts";
export { type BatcherAddress, batcherStats } from "./client/batcher_stats.ts";
export { connectClient, type ConnectedClient, type ConnectOptions, connectWriterClient } from "./client/connection.ts";
export * from "./protocol/failures.ts";
export type { BatcherStats, LedgerIdentity } from "./protocol/messages.ts";
export { type BatchingOptions, PRESETS } from "./protocol/options.ts";
export type { Json, Receipt, Write } from "./protocol/write.ts";
export { openSink, type OpenSinkOptions } from "./sinks/open_sink.ts";
export { isSameWrite } from "./sinks/same_write.ts";
export type { Apply, ApplyResults, NewWrite } from "./sinks/apply.ts";
export type { IntoTable } from "./sinks/into_table.ts";
export { RowFault } from "./sinks/isolate.ts";
export { migratePostgresSink, PostgresSink, type PostgresSinkOptions } from "./sinks/postgres/sink.ts";
export type { PostgresTransaction } from "./sinks/postgres/transaction.ts";
export {
  LedgerChangedError,
  type Outcome,
  type Sink,
  type SinkBatch,
  SinkError,
  type SinkWrite,
} from "./sinks/sink.ts";
export { SqliteSink, type SqliteSinkOptions } from "./sinks/sqlite/sink.ts";
export type { SqliteTransaction } from "./sinks/sqlite/transaction.ts";
export { BatcherPlugin, type BatcherPluginOptions } from "./worker/batcher_plugin.ts";
export { type BatcherWorkerOptions, bundleWorkflows, createBatcherWorker } from "./worker/create_worker.ts";
export type { TaskFailure } from "./worker/watched_worker.ts";
