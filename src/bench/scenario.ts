/**
 * What a benchmark is, and what it runs on.
 *
 * @module
 */
import type { FlushReport } from "../../activities/flush_batch.ts";
import type { Client } from "@temporalio/client";
import { type ConnectedClient, connectWriterClient } from "../client/connection.ts";
import { EMPTY_BATCHER_WORKFLOW } from "../protocol/names.ts";
import { type DevServer, startDevServer } from "../server/dev_server.ts";
import type { Sink } from "../sinks/sink.ts";
import { SqliteSink } from "../sinks/sqlite_sink.ts";
import { type LocalSystem, startLocalSystem } from "../worker/local_system.ts";
import type { Log } from "../worker/log.ts";

/** One line of a benchmark's result. */
export type BenchRow = { readonly scenario: string } & Readonly<Record<string, string | number>>;

/** What a benchmark works with. */
export interface BenchContext {
  /** Tells people how far it is. */
  readonly progress: (what: string) => void;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Measures something. Fails if the database does not hold exactly what the callers were told. */
export type Scenario = (context: BenchContext) => AsyncIterable<BenchRow>;

/** A dev server, workers, a ledger in a new folder, and a writer's client. */
export interface BenchSystem extends AsyncDisposable {
  readonly server: DevServer;
  readonly system: LocalSystem;
  readonly sink: Sink;
  readonly ledgerFile: string;
  /** Client whose retries are off, as a writer wants it. */
  readonly writerClient: Client;
  readonly flushes: FlushReport[];
}

/** How a benchmark's system differs from the usual one. */
export interface BenchSystemOptions {
  /** Dynamic configuration of the server. */
  readonly dynamicConfig?: Record<string, string>;
  /** Puts something around the sink. */
  readonly wrapSink?: (sink: Sink) => Sink;
}

/** Starts a system for one benchmark, on a server of its own. */
export async function startBenchSystem(
  { log }: BenchContext,
  { dynamicConfig = {}, wrapSink = (sink) => sink }: BenchSystemOptions = {},
): Promise<BenchSystem> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "temporal-batcher-bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const ledgerFile = `${directory}/ledger.db`;
  const server = stack.use(await startDevServer({ port: 0, ui: false, log: log.info, dynamicConfig }));
  const flushes: FlushReport[] = [];
  const system = stack.use(
    await startLocalSystem({
      address: server.address,
      log,
      openSink: async () => wrapSink(await SqliteSink.open({ path: ledgerFile })),
      workflows: "bench",
      onFlush: (report) => flushes.push(report),
    }),
  );
  const writerClient: ConnectedClient = stack.use(await connectWriterClient({ address: server.address }));
  const started = stack.move();
  return {
    server,
    system,
    sink: system.sink!,
    ledgerFile,
    writerClient: writerClient.client,
    flushes,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Starts the floor: a workflow that takes the batcher's Update and answers it without looking at it. */
export async function startEmptyBatcher({ system }: BenchSystem, workflowId: string): Promise<void> {
  await system.client.workflow.start(EMPTY_BATCHER_WORKFLOW, { workflowId, taskQueue: system.batcherTaskQueue });
}

/** Fails if the ledger does not hold exactly so many rows. */
export async function checkLedger(sink: Sink, expected: number): Promise<void> {
  const rows = await sink.countCommitted();
  if (rows === expected) return;
  throw new Error(`The measurement is void: callers were told of ${expected} rows, the ledger holds ${rows}`);
}

/** Rounds a figure for a table: what a rerun would change is not shown. */
export function rounded(value: number, decimals = 2): number {
  return Number(value.toFixed(decimals));
}
