/**
 * What a fault happens to: one run of a variant with its workers and callers.
 *
 * @module
 */
import {
  type Client,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from "@temporalio/client";
import { NetworkLink } from "../../harness/network_link.ts";
import { pause, poll, valueWithin } from "../../harness/waiting.ts";
import type { CompareContext, RunOptions } from "../context.ts";
import { rowsByKey } from "../database.ts";
import type { Call, Caller, Variant, VariantOptions } from "../variant.ts";
import type { WorkerProcess } from "../worker_process.ts";
import type { Answer } from "./count.ts";

/** How a stage differs from the usual one. */
export interface StageOptions extends RunOptions {
  /**
   * A client of the server at `address`.
   * @default The client of the comparison.
   */
  readonly client?: Client;
  /** Gives the workers that have the database a process of their own, behind a link that can be severed. */
  readonly split?: boolean;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

/** A write that a caller was started for. */
export interface Asked {
  readonly call: Call;
  readonly caller: Caller;
}

/** How long after the end of its own wait a caller is given up: its workers may have to come back first. */
const ANSWER_GRACE_MS = 60_000;

/** How long a caller may take to be started, a restart of the server included. */
const START_WITHIN_MS = 60_000;

/** How long one look at a batcher may take; a worker that starts answers late. */
const LOOK_MS = 5_000;

/** One variant with its workers; a stage may see several faults, one after the other. */
export class Stage implements AsyncDisposable {
  readonly quick: boolean;
  readonly signal: AbortSignal;
  /** A client of the server that the stage is on. */
  readonly client: Client;
  /** Between the workers that have the database and the server; only on a stage that is split. */
  readonly link: NetworkLink | undefined;
  /** The process of the workers that have the database. */
  databaseWorker!: WorkerProcess;
  readonly #stack = new AsyncDisposableStack();

  private constructor(
    private readonly context: CompareContext,
    readonly variant: Variant,
    readonly run: VariantOptions,
    options: StageOptions,
  ) {
    this.quick = context.quick;
    this.client = options.client ?? context.client;
    this.signal = options.signal;
    const port = Number(run.address.slice(run.address.lastIndexOf(":") + 1));
    this.link = options.split ? this.#stack.use(new NetworkLink(port)) : undefined;
  }

  /** Starts workers of a variant, and its batcher where callers have to find one. */
  static async open(context: CompareContext, variant: Variant, options: StageOptions): Promise<Stage> {
    const stage = new Stage(context, variant, await context.newRun(variant, options), options);
    try {
      await stage.#start();
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { variant, run, context } = this;
    const processes = [this.startDatabaseWorker()];
    if (this.link !== undefined && variant.databaseRole === "batcher") {
      const callers = async () => void this.#stack.use(await context.startWorkers(variant, "caller", run));
      processes.push(callers());
    }
    const started = await Promise.allSettled(processes);
    for (const result of started) if (result.status === "rejected") throw result.reason;
    await variant.prepare(this.client, run);
  }

  /** Starts a process for the workers that have the database, in the place of one that is gone. */
  async startDatabaseWorker(): Promise<void> {
    const { variant, link } = this;
    const role = link === undefined ? "all" : variant.databaseRole;
    const run = link === undefined ? this.run : { ...this.run, address: link.address };
    this.databaseWorker = this.#stack.use(await this.context.startWorkers(variant, role, run));
  }

  /** The batchers of this run. */
  get batcherIds(): readonly string[] {
    return this.variant.batcherIds(this.run);
  }

  /** Starts a caller, however often the server has to be asked. */
  async ask(call: Call, waitMs: number): Promise<Asked> {
    const run = { ...this.run, confirmationTimeoutMs: waitMs };
    let failure: unknown;
    const caller = await poll(async () => {
      try {
        return await this.variant.startCaller(this.client, run, call);
      } catch (error) {
        // The answer to the first try was lost.
        if (error instanceof WorkflowExecutionAlreadyStartedError) return { workflowId: call.workflowId };
        if (!isGrpcServiceError(error)) throw error;
        failure = error;
        return undefined;
      }
    }, { withinMs: START_WITHIN_MS, everyMs: 100, signal: this.signal });
    if (caller === undefined) throw failure;
    return { call, caller };
  }

  /** Waits for what a caller is told. */
  async answerOf({ caller }: Asked, waitMs: number): Promise<Answer> {
    const told = this.variant.told(this.client, caller);
    // Where it is given up, nobody looks at how it ends.
    told.catch(() => {});
    const limit = { withinMs: waitMs + ANSWER_GRACE_MS, signal: this.signal };
    return await valueWithin(told, limit) ?? { kind: "none" };
  }

  /** Rows by key. */
  rows(): Map<string, number> {
    return rowsByKey(this.run.databaseFile, this.variant);
  }

  /** Waits until a window begins; what is asked for then meets in one batch, if it is quick enough. */
  async untilWindowBegins(): Promise<void> {
    const { batcherIds: [batcherId], run: { policy: { windowMs } }, signal } = this;
    if (this.variant.clockWindow) return await pause(windowMs - Date.now() % windowMs, signal);
    // It begins when the batcher's loop turns, and each turn leaves events.
    const eventsNow = async () => (await this.client.workflow.getHandle(batcherId).describe()).historyLength;
    const before = await eventsNow();
    await poll(async () => await eventsNow() !== before, { withinMs: 2 * windowMs, signal });
  }

  /** Waits until nothing is pending in any batcher, and says whether it came to that in time. */
  async untilAtRest(withinMs: number): Promise<boolean> {
    const atRest = async () => (await Promise.all(this.batcherIds.map((id) => this.#isAtRest(id)))).every(Boolean);
    return await poll(atRest, { withinMs, everyMs: 50, signal: this.signal }) ?? false;
  }

  /** Whether a batcher has nothing pending and no activity under way. One that does not run is at rest. */
  async #isAtRest(workflowId: string): Promise<boolean> {
    const batcher = this.client.workflow.getHandle(workflowId);
    try {
      return await this.client.withDeadline(Date.now() + LOOK_MS, async () => {
        const before = await batcher.describe();
        if (before.status.name !== "RUNNING") return true;
        if (before.raw.pendingActivities?.length) return false;
        if (await this.variant.pendingWrites(batcher) > 0) return false;
        // A flush that began and failed between two looks has put its batch back by now.
        const after = await batcher.describe();
        return after.runId === before.runId && after.historyLength === before.historyLength;
      });
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return true;
      if (isGrpcServiceError(error)) return false;
      throw error;
    }
  }

  /** Ends workers and batchers, as they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    // A batcher without workers is a burden to a server that others use.
    await Promise.allSettled(this.batcherIds.map((id) => this.client.workflow.getHandle(id).terminate()));
  }
}
