/**
 * What a benchmark is, and what it runs on.
 *
 * @module
 */
import type { FlushReport } from "../../../activities/flush_batch.ts";
import type { Client } from "@temporalio/client";
import { randomUUID } from "node:crypto";
import { openBodyStorage } from "../../bodies/open_body_storage.ts";
import { type ConnectedClient, connectWriterClient } from "../../client/connection.ts";
import { bundleLabWorkflows } from "../create_lab_worker.ts";
import { EMPTY_BATCHER_WORKFLOW } from "../protocol/names.ts";
import { type DevServer, startDevServer, takeServer } from "../../server/dev_server.ts";
import type { Sink } from "../../sinks/sink.ts";
import { SqliteSink, type SqliteSinkOptions } from "../../sinks/sqlite/sink.ts";
import { sendBytesAsText } from "../../worker/activation_bytes.ts";
import { endWorkflows } from "../../worker/end_workflows.ts";
import { type LocalSystem, startLocalSystem } from "../../worker/local_system.ts";
import type { Log } from "../../worker/log.ts";

/** One line of a benchmark's result. */
export type BenchRow = { readonly scenario: string } & Readonly<Record<string, string | number>>;

/** What a benchmark works with. */
export interface BenchContext {
  /** Tells people how far it is. */
  readonly progress: (what: string) => void;
  readonly log: Log;
  readonly signal: AbortSignal;
  /**
   * `host:port` of the server to measure.
   * @default {a dev server that is started for it}
   */
  readonly address?: string;
  /**
   * Rows of the largest ledger, for a scenario that lets one grow.
   * @default {its own}
   */
  readonly rows?: number;
  /**
   * Whether a scenario with a short form runs in it.
   * @default {false}
   */
  readonly quick?: boolean;
}

/** Measures something. Fails if the database does not hold exactly what the callers were told. */
export type Scenario = (context: BenchContext) => AsyncIterable<BenchRow>;

/** A server, workers, a ledger in a new folder, and a writer's client. */
export interface BenchSystem extends AsyncDisposable {
  readonly server: DevServer;
  readonly system: LocalSystem;
  readonly sink: Sink;
  readonly ledgerFile: string;
  /** Client whose retries are off, as a writer wants it. */
  readonly writerClient: Client;
  readonly flushes: FlushReport[];
  /**
   * Names batchers, or a workflow, of this run. Every name must come from here: others would be those of whoever works on
   * the same server.
   */
  name(part: string): string;
}

/** How a benchmark's system differs from the usual one. */
export interface BenchSystemOptions {
  /** Dynamic configuration of the server; only where {@linkcode BenchContext.address} names none. */
  readonly dynamicConfig?: Record<string, string>;
  /** Puts something around the sink. */
  readonly wrapSink?: (sink: Sink) => Sink;
  /** Address of a store of bodies, as `--body-storage` takes it; left out, all is inline. */
  readonly bodyStorage?: string;
  /** What the sink does with each new write besides its ledger row. */
  readonly apply?: SqliteSinkOptions["apply"];
}

/**
 * Starts a system for one benchmark, on the server of the context or on one of its own.
 *
 * Its batchers and task queues have names of their own. On a server that goes on, disposing of it terminates every
 * workflow on those queues.
 */
export async function startBenchSystem(
  { log, progress, address }: BenchContext,
  { dynamicConfig = {}, wrapSink = (sink) => sink, apply, bodyStorage }: BenchSystemOptions = {},
): Promise<BenchSystem> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "temporal-batcher-bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const ledgerFile = `${directory}/ledger.db`;
  if (address !== undefined && Object.keys(dynamicConfig).length > 0) {
    throw new Error(`Cannot measure ${address} as this needs other settings of the server: ${shown(dynamicConfig)}`);
  }
  const server = address === undefined
    ? stack.use(await startDevServer({ port: 0, ui: false, log: log.info, dynamicConfig }))
    : await takeServer(address, "--address or TEMPORAL_ADDRESS");
  const run = `bench-${randomUUID().slice(0, 8)}`;
  const flushes: FlushReport[] = [];
  const dataConverter = bodyStorage === undefined ? undefined : { externalStorage: await openBodyStorage(bodyStorage) };
  const system = stack.use(
    await startLocalSystem({
      address: server.address,
      log,
      openSink: async () =>
        wrapSink(await SqliteSink.open({ path: ledgerFile, ...(apply && { apply, applyName: "bench" }) })),
      name: run,
      workflowBundle: await bundleLabWorkflows(),
      dataConverter,
      onFlush: (report) => flushes.push(report),
    }),
  );
  if (!server.startedByUs) {
    const { client, mainTaskQueue, batcherTaskQueue } = system;
    const taskQueues = [mainTaskQueue, batcherTaskQueue];
    stack.defer(() => endWorkflows({ client, taskQueues, reason: "The measurement is over", log }));
  }
  progress(await described(server, system, run));
  const writerClient: ConnectedClient = stack.use(
    await connectWriterClient({ address: server.address, dataConverter }),
  );
  const started = stack.move();
  return {
    server,
    system,
    sink: system.sink!,
    ledgerFile,
    writerClient: writerClient.client,
    flushes,
    name: (part) => `${run}-${part}`,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Which server is measured, and what this run leaves there if it is killed. */
async function described(server: DevServer, { client }: LocalSystem, run: string): Promise<string> {
  const { serverVersion } = await client.workflowService.getSystemInfo({});
  const kind = server.startedByUs ? "started for this" : `namespace ${server.namespace}, names begin with ${run}`;
  return `Measured server: ${server.address} (Temporal ${serverVersion}, ${kind})`;
}

function shown(dynamicConfig: Record<string, string>): string {
  return Object.entries(dynamicConfig).map(([key, value]) => `${key}=${value}`).join(", ");
}

/** Starts the floor: a workflow that takes the batcher's Update and answers it without looking at it. */
export async function startEmptyBatcher({ system }: BenchSystem, workflowId: string): Promise<void> {
  await sendBytesAsText(EMPTY_BATCHER_WORKFLOW);
  await system.client.workflow.start(EMPTY_BATCHER_WORKFLOW, { workflowId, taskQueue: system.batcherTaskQueue });
}

/** The same sink with another way to write. */
export function withWrite(sink: Sink, write: Sink["write"]): Sink {
  return {
    description: sink.description,
    write,
    identify: () => sink.identify(),
    countCommitted: () => sink.countCommitted(),
    countCommittedOf: (requestIds) => sink.countCommittedOf(requestIds),
    countRejected: () => sink.countRejected(),
    close: () => sink.close(),
  };
}

/** Fails if the ledger does not hold exactly so many rows. */
export async function checkLedger(sink: Sink, expected: number): Promise<void> {
  const rows = await sink.countCommitted();
  if (rows === expected) return;
  throw new Error(`The measurement is void: callers were told of ${expected} rows, the ledger holds ${rows}`);
}
