/**
 * A real server, real workers and a real SQLite file for one test file.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Client, WorkflowHandleWithFirstExecutionRunId } from "@temporalio/client";
import type { DataConverter } from "@temporalio/common";
import { bundleWorkflowCode, NativeConnection, Runtime, type Worker } from "@temporalio/worker";
import type { FlushReport } from "../../activities/flush_batch.ts";
import { BatchWriter, type BatchWriterOptions } from "../../src/client/batch_writer.ts";
import { batcherStats } from "../../src/client/batcher_stats.ts";
import { connectClient, type ConnectedClient, connectWriterClient } from "../../src/client/connection.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { BatcherStats } from "../../src/protocol/messages.ts";
import { batcherWorkflowId, TRANSACTION_WORKFLOW } from "../../src/protocol/names.ts";
import type { Receipt } from "../../src/protocol/write.ts";
import { type DevServer, type DevServerOptions, startDevServer } from "../../src/server/dev_server.ts";
import type { Sink } from "../../src/sinks/sink.ts";
import { SqliteSink, type SqliteSinkOptions } from "../../src/sinks/sqlite/sink.ts";
import { bundleWorkflows, createBatcherWorker, createMainWorker } from "../../src/worker/create_worker.ts";
import type { TaskFailure } from "../../src/worker/watched_worker.ts";
import type { transaction, TransactionInput } from "../../workflows/transaction.ts";
import { eventually } from "./eventually.ts";
import { FaultySink } from "./faulty_sink.ts";

/** What a lab is built from. */
export interface LabOptions {
  /** Dynamic configuration of the server. */
  readonly dynamicConfig?: Record<string, string>;
  /** Keeps the server's state in a file, for tests that restart it. */
  readonly keepState?: boolean;
  /** Entry of the workflow bundle, for tests with workflows of their own. */
  readonly workflowsPath?: string;
  /** What the sink does with each new write besides its ledger row. */
  readonly apply?: SqliteSinkOptions["apply"];
  /** Opens another sink than a SQLite file; the lab closes it, and cannot look into its database. */
  readonly openSink?: () => Promise<Sink>;
  /** How clients and workers encode payloads, and where they store large ones. */
  readonly dataConverter?: DataConverter;
}

const NO_LOG = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** One for all labs of a process that have the usual workflows. */
let usualBundle: ReturnType<typeof bundleWorkflows> | undefined;

/** A row of the ledger, as far as a receipt speaks of it. */
export interface LedgerRow {
  readonly requestId: string;
  readonly data: unknown;
  readonly batchId: string;
  readonly committedAt: string;
}

/** A worker that runs. */
export interface RunningWorker {
  readonly worker: Worker;
  stop(): Promise<void>;
}

/** Everything that a test with a real server needs. Each call of `name` gives it batchers and queues of its own. */
export class Lab implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #flushes: FlushReport[] = [];
  #names = 0;

  private constructor(
    private readonly serverOptions: DevServerOptions,
    private server: DevServer,
    readonly client: Client,
    readonly native: NativeConnection,
    readonly writerClient: ConnectedClient,
    readonly ledgerFile: string,
    readonly sink: FaultySink,
    readonly workflowBundle: Awaited<ReturnType<typeof bundleWorkflows>>,
    private readonly dataConverter?: DataConverter,
  ) {}

  /** Starts a server on a free port and opens a ledger in a new folder. */
  static async open(options: LabOptions = {}): Promise<Lab> {
    quietSdk();
    const directory = await Deno.makeTempDir({ prefix: "temporal-batcher-" });
    const serverOptions: DevServerOptions = {
      ui: false,
      dynamicConfig: options.dynamicConfig,
      ...(options.keepState && { dbFilename: `${directory}/server.db` }),
    };
    const [server, workflowBundle] = await Promise.all([
      startDevServer({ ...serverOptions, port: 0 }),
      options.workflowsPath === undefined
        ? usualBundle ??= bundleWorkflows()
        : bundleWorkflowCode({ workflowsPath: options.workflowsPath, logger: NO_LOG }),
    ]);
    const { address } = server;
    const { dataConverter } = options;
    const connected = await connectClient({ address, dataConverter });
    const ledgerFile = `${directory}/ledger.db`;
    const openSqlite = () =>
      SqliteSink.open({ path: ledgerFile, ...(options.apply && { apply: options.apply, applyName: "lab" }) });
    const sink = new FaultySink(await (options.openSink ?? openSqlite)());
    const native = await NativeConnection.connect({ address });
    const writerClient = await connectWriterClient({ address, dataConverter });
    const { client } = connected;
    const lab = new Lab(
      serverOptions,
      server,
      client,
      native,
      writerClient,
      ledgerFile,
      sink,
      workflowBundle,
      dataConverter,
    );
    lab.#stack.defer(() => Deno.remove(directory, { recursive: true }));
    lab.#stack.defer(() => lab.server.stop());
    lab.#stack.defer(() => sink.close());
    lab.#stack.defer(() => native.close());
    lab.#stack.defer(() => connected[Symbol.asyncDispose]());
    lab.#stack.defer(() => writerClient[Symbol.asyncDispose]());
    return lab;
  }

  /** Where the server listens. */
  get address(): string {
    return this.server.address;
  }

  /** Ends the server and starts it again at the same address, with the state that it had. */
  async restartServer(whileItIsAway: () => Promise<void> = async () => {}): Promise<void> {
    const port = Number(this.server.address.split(":")[1]);
    await this.server.stop();
    await whileItIsAway();
    this.server = await startDevServer({ ...this.serverOptions, port });
  }

  /** A name that no other test of this lab uses. */
  name(prefix = "batcher"): string {
    return `${prefix}-${++this.#names}`;
  }

  /** Starts a batcher's worker, on the queue of this name. */
  async batcherWorker(
    taskQueue: string,
    dataConverter: DataConverter | undefined = this.dataConverter,
    sink: Sink = this.sink,
    onTaskFailure?: (failure: TaskFailure) => void,
  ): Promise<RunningWorker> {
    const { native: connection, workflowBundle } = this;
    const onFlush = (report: FlushReport) => this.#flushes.push(report);
    const base = { connection, namespace: "default", workflowBundle, dataConverter };
    return this.#run(await createBatcherWorker({ ...base, sink, taskQueue, onFlush, onTaskFailure }));
  }

  /** Starts a callers' worker, on the queue of this name. */
  async mainWorker(taskQueue: string, writer: BatchWriter): Promise<RunningWorker> {
    const { native: connection, workflowBundle, dataConverter } = this;
    const base = { connection, namespace: "default", workflowBundle, dataConverter };
    return this.#run(await createMainWorker({ ...base, writer, taskQueue }));
  }

  #run(worker: Worker): RunningWorker {
    const running = worker.run();
    let stopped: Promise<void> | undefined;
    const stop = () =>
      stopped ??= (async () => {
        if (worker.getState() === "RUNNING") worker.shutdown();
        await running;
      })();
    this.#stack.defer(stop);
    return { worker, stop };
  }

  /** A writer whose batcher has this name, and whose batcher's queue is called the same. */
  writer(name: string, options: Partial<BatchWriterOptions> = {}): BatchWriter {
    const writer = new BatchWriter({ client: this.writerClient.client, name, taskQueue: name, ...options });
    this.#stack.defer(() => writer[Symbol.asyncDispose]());
    return writer;
  }

  /** A batcher of this name; by default the first one. */
  batcher(name: string, { shard = 0, lane = 0 }: { shard?: number; lane?: number } = {}) {
    return this.client.workflow.getHandle(batcherWorkflowId(name, shard, lane));
  }

  /** Asks a batcher of this name for its counters. */
  stats(name: string, which: { shard?: number; lane?: number } = {}): Promise<BatcherStats> {
    return batcherStats(this.client, { name, ...which });
  }

  /** How many Updates the first batcher of this name has accepted in this run. */
  async acceptedUpdates(name: string): Promise<number> {
    const { events } = await this.batcher(name).fetchHistory();
    return events?.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length ?? 0;
  }

  /** Waits until the first batcher of this name, which is new, knows which ledger other workers have. */
  async ledgersCompared(name: string): Promise<void> {
    await eventually("other workers were asked for their ledger", async () => {
      const { events } = await this.batcher(name).fetchHistory();
      const answers = events!.filter((event) => event.activityTaskCompletedEventAttributes);
      return answers.length >= LIMITS.ledgerAnswers && events!.at(-1)!.workflowTaskCompletedEventAttributes != null;
    });
  }

  /** The flushes so far of the first batcher of this name. */
  flushesOf(name: string): FlushReport[] {
    return this.#flushes.filter(({ batchId }) => batchId.startsWith(`${this.batcher(name).workflowId}/`));
  }

  /** Starts a transaction on the queue of this name. */
  startTransaction(
    taskQueue: string,
    input: TransactionInput,
    workflowId: string = this.name("transaction"),
  ): Promise<WorkflowHandleWithFirstExecutionRunId<typeof transaction>> {
    return this.client.workflow.start<typeof transaction>(TRANSACTION_WORKFLOW, {
      taskQueue,
      workflowId,
      args: [input],
    });
  }

  /** Reads the ledger through a connection of its own. */
  async query(sql: string, ...parameters: (string | number)[]): Promise<Record<string, unknown>[]> {
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(this.ledgerFile, { readOnly: true });
    try {
      return database.prepare(sql).all(...parameters).map((row) => ({ ...row }));
    } finally {
      database.close();
    }
  }

  /** The rows of the ledger whose request ids start so, in the order of their ids. */
  async ledgerRows(prefix: string): Promise<LedgerRow[]> {
    const sql = "SELECT * FROM batched_writes WHERE substr(request_id, 1, ?) = ? ORDER BY request_id";
    return (await this.query(sql, prefix.length, prefix)).map((row) => ({
      requestId: row.request_id as string,
      data: JSON.parse(row.data as string),
      batchId: row.batch_id as string,
      committedAt: row.committed_at as string,
    }));
  }

  /** Asserts that these receipts, and no other rows with this prefix, are what the ledger holds. */
  async assertLedgerHolds(prefix: string, receipts: readonly Receipt[]): Promise<void> {
    const told = receipts.map((receipt) => {
      assert(receipt.status !== "rejected", `rejected: ${JSON.stringify(receipt)}`);
      const { requestId, batchId, committedAt } = receipt;
      return { requestId, batchId, committedAt };
    });
    told.sort((a, b) => a.requestId < b.requestId ? -1 : 1);
    const rows = await this.ledgerRows(prefix);
    assertEquals(told, rows.map(({ requestId, batchId, committedAt }) => ({ requestId, batchId, committedAt })));
  }

  /** Ends everything that this lab started. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

let quiet = false;

function quietSdk(): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({
    logger: NO_LOG,
    telemetryOptions: { logging: { filter: { core: "ERROR", other: "ERROR" }, forward: {} } },
  });
}
