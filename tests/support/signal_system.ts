/**
 * The signal variant on a lab's server and file, with a table that fails when it is told to.
 *
 * @module
 */
import type { Worker } from "@temporalio/worker";
import { createBatchWriteActivities, type InsertRows } from "../../src/lab/activities/batch_write.ts";
import { simulateWork } from "../../activities/simulate_work.ts";
import { SIGNAL_BATCHER_WORKFLOW, SIGNAL_TRANSACTION_WORKFLOW, SIGNAL_VARIANT } from "../../src/lab/protocol/names.ts";
import type { SignalBatcherInput, SignalBatcherStats } from "../../src/lab/protocol/signal_messages.ts";
import { PlainTable } from "../../src/lab/plain_table.ts";
import { bundleLabWorkflows, createRivalWorker } from "../../src/lab/create_lab_worker.ts";
import type { signalBatcher } from "../../src/lab/workflows/signal_batcher.ts";
import type { signalTransaction, SignalTransactionInput } from "../../src/lab/workflows/signal_transaction.ts";
import type { Lab } from "./lab.ts";

let bundling: ReturnType<typeof bundleLabWorkflows> | undefined;

/** A batcher, and the worker of it and of its callers, all with a name of their own. */
export class SignalSystem implements AsyncDisposable {
  /** Request ids of each batch that was tried, in order. */
  readonly tried: string[][] = [];
  /** How many of the next batches fail before anything is written. */
  failures = 0;
  #worker: Worker | undefined;
  #running: Promise<void> | undefined;

  private constructor(readonly lab: Lab, readonly name: string, private readonly table: PlainTable) {}

  /** Starts a batcher, and no worker yet. */
  static async open(lab: Lab, input: SignalBatcherInput): Promise<SignalSystem> {
    const table = await PlainTable.open({ path: lab.ledgerFile, table: "signal_writes" });
    const system = new SignalSystem(lab, lab.name("signal"), table);
    await lab.client.workflow.start<typeof signalBatcher>(SIGNAL_BATCHER_WORKFLOW, {
      taskQueue: system.name,
      workflowId: system.name,
      args: [input],
    });
    return system;
  }

  /** Starts the worker. */
  async work(): Promise<void> {
    const insert: InsertRows = (batchId, rows) => {
      this.tried.push(rows.map(({ requestId }) => requestId));
      if (this.failures-- > 0) throw new Error("the table is away");
      return this.table.write(batchId, rows);
    };
    this.#worker = await createRivalWorker({
      connection: this.lab.native,
      namespace: "default",
      workflowBundle: await (bundling ??= bundleLabWorkflows()),
      taskQueue: this.name,
      activities: { ...createBatchWriteActivities(insert), simulateWork },
    });
    this.#running = this.#worker.run();
  }

  get batcher() {
    return this.lab.client.workflow.getHandle(this.name);
  }

  stats(): Promise<SignalBatcherStats> {
    return this.batcher.query<SignalBatcherStats>(SIGNAL_VARIANT.getStats);
  }

  knows(requestId: string): Promise<boolean> {
    return this.batcher.query<boolean, [string]>(SIGNAL_VARIANT.isRequestProcessed, requestId);
  }

  /** Signals whatever is given as a request. */
  signal(request: unknown): Promise<void> {
    return this.batcher.signal(SIGNAL_VARIANT.addWriteRequest, request);
  }

  /** Signals a request of nobody: its confirmation cannot be delivered. */
  async request(...requestIds: string[]): Promise<void> {
    for (const request_id of requestIds) {
      await this.signal({ workflow_id: "w", data: request_id, requesting_workflow: `${this.name}/nobody`, request_id });
    }
  }

  /** Starts a caller. */
  transaction(input: Partial<SignalTransactionInput> = {}) {
    return this.lab.client.workflow.start<typeof signalTransaction>(SIGNAL_TRANSACTION_WORKFLOW, {
      taskQueue: this.name,
      workflowId: this.lab.name("signal-caller"),
      args: [{ data: "a", batcherId: this.name, ...input }],
    });
  }

  /** Request ids of the rows that are stored, in order, among those that this system tried. */
  async stored(): Promise<string[]> {
    const ids = JSON.stringify(this.tried.flat());
    const sql =
      "SELECT request_id FROM signal_writes WHERE request_id IN (SELECT value FROM json_each(?)) ORDER BY rowid";
    return (await this.lab.query(sql, ids)).map(({ request_id }) => request_id as string);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.batcher.terminate("The test is over").catch(() => {});
    if (this.#worker?.getState() === "RUNNING") this.#worker.shutdown();
    await this.#running;
    await this.table.close();
  }
}
