/**
 * One variant with its workers, to put loads on.
 *
 * @module
 */
import type { Role } from "../../worker/local_system.ts";
import { inParallel } from "../harness/load.ts";
import type { CompareContext } from "./context.ts";
import { checkRows } from "./database.ts";
import { addCosts, costOfWorkflow, costSince, type HistoryCost, NO_COST, placeOf } from "./histories.ts";
import { type CallRecord, type LoadShape, type MakeCall, runShape, type ShapeResult } from "./load_shape.ts";
import type { ClientWriter, GatherPolicy, Variant, VariantOptions } from "./variant.ts";
import type { WorkerMeasure, WorkerProcess } from "./worker_process.ts";

/** Histories that are read at the same time. */
const READ_AT_ONCE = 10;

/** A payment: what a row of a load is, besides its key. */
function payment(n: number) {
  return { account: `account-${n % 1_000}`, amount: n % 10_000, currency: "EUR", note: "a row of a comparison" };
}

/** What one round of one variant measured. */
export interface RoundMeasure {
  readonly result: ShapeResult;
  /** All worker processes together. */
  readonly before: WorkerMeasure;
  readonly after: WorkerMeasure;
  /** Histories of callers, a sample of them. */
  readonly callers: readonly HistoryCost[];
  /** What the batchers' histories grew by. */
  readonly batchers: HistoryCost;
}

/** A variant's database, workers and batchers; loads are put on it one after the other. */
export class LoadRun implements AsyncDisposable {
  #loads = 0;
  #clientWriter: ClientWriter | undefined;

  private constructor(
    private readonly context: CompareContext,
    private readonly variant: Variant,
    private readonly run: VariantOptions,
    private readonly workers: readonly WorkerProcess[],
  ) {}

  /**
   * Starts worker processes.
   *
   * @param callerProcesses Processes that run callers; where a batcher writes, it has one more for itself. Left out: one
   * process with all that the variant has.
   */
  static async open(
    context: CompareContext,
    variant: Variant,
    policy: GatherPolicy,
    callerProcesses?: number,
  ): Promise<LoadRun> {
    const run = await context.newRun(variant, { policy });
    const roles: Role[] = callerProcesses === undefined
      ? ["all"]
      : Array.from({ length: callerProcesses }, () => "caller");
    if (callerProcesses !== undefined && variant.databaseRole === "batcher") roles.push("batcher");
    await using stack = new AsyncDisposableStack();
    const workers = await Promise.all(
      roles.map(async (role) => stack.use(await context.startWorkers(variant, role, run))),
    );
    await variant.prepare(context.client, run);
    stack.move();
    return new LoadRun(context, variant, run, workers);
  }

  /** Puts a load on it that is not measured. Its rows are checked as well. */
  async warmUp(shape: LoadShape): Promise<void> {
    await this.#put(shape, "workflows");
  }

  /** Measures one round of a load, whose callers are workflows, or no workflows. */
  async measure(shape: LoadShape, writers: "workflows" | "clients", historiesMax: number): Promise<RoundMeasure> {
    const { client } = this.context;
    const batcherIds = this.variant.batcherIds(this.run);
    const places = await Promise.all(batcherIds.map((id) => placeOf(client, id)));
    const before = await this.#measureWorkers();
    const { result, idOf } = await this.#put(shape, writers);
    const after = await this.#measureWorkers();
    let batchers = NO_COST;
    for (const [i, id] of batcherIds.entries()) batchers = addCosts(batchers, await costSince(client, id, places[i]));
    const callers = writers === "clients" ? [] : await this.#read(sampleOf(result.calls, historiesMax), idOf);
    return { result, before, after, callers, batchers };
  }

  /** All processes together. */
  async #measureWorkers(): Promise<WorkerMeasure> {
    const measures = await Promise.all(this.workers.map((worker) => worker.measure()));
    const sum = (what: keyof WorkerMeasure) => measures.reduce((total, measure) => total + measure[what], 0);
    return {
      transactions: sum("transactions"),
      rows: sum("rows"),
      cpuSeconds: sum("cpuSeconds"),
      connections: sum("connections"),
    };
  }

  async #put(
    shape: LoadShape,
    writers: "workflows" | "clients",
  ): Promise<{ result: ShapeResult; idOf: (n: number) => string }> {
    const { context, run, variant } = this;
    const prefix = `${run.name}/${++this.#loads}`;
    const idOf = (n: number) => `${prefix}/${n}`;
    const makeCall = writers === "clients" ? await this.#clientCalls(idOf) : this.#workflowCalls(idOf);
    const result = await runShape(shape, makeCall, context.signal);
    checkRows(run.databaseFile, variant, result.calls, idOf);
    return { result, idOf };
  }

  #workflowCalls(idOf: (n: number) => string): MakeCall {
    const { variant, run, context: { client } } = this;
    return async (n) => {
      const workflowId = idOf(n);
      const data = { key: workflowId, ...payment(n) };
      return await variant.told(client, await variant.startCaller(client, run, { workflowId, data }));
    };
  }

  async #clientCalls(idOf: (n: number) => string): Promise<MakeCall> {
    const { clientWriter } = this.variant;
    if (typeof clientWriter === "string") throw new Error(clientWriter);
    const writer = this.#clientWriter ??= await clientWriter(this.run);
    return (n) => writer.write({ requestId: idOf(n), data: { key: idOf(n), ...payment(n) } });
  }

  async #read(calls: readonly CallRecord[], idOf: (n: number) => string): Promise<HistoryCost[]> {
    const histories: HistoryCost[] = [];
    await inParallel(calls.length, READ_AT_ONCE, async (i) => {
      histories.push(await costOfWorkflow(this.context.client, idOf(calls[i].n)));
    });
    return histories;
  }

  /** Ends the workers; what is left on the server is ended with the comparison. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#clientWriter?.[Symbol.asyncDispose]();
    await Promise.all(this.workers.map((worker) => worker.kill()));
  }
}

/** At most so many, spread evenly over all. */
function sampleOf<T>(all: readonly T[], max: number): T[] {
  const step = Math.max(1, all.length / max);
  return Array.from({ length: Math.min(max, all.length) }, (_, i) => all[Math.floor(i * step)]);
}
