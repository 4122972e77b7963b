/**
 * What a fault happens to: one run of a variant with its workers and callers.
 *
 * @module
 */
import { type Client, isGrpcServiceError, WorkflowExecutionAlreadyStartedError } from "@temporalio/client";
import { rowsByKey } from "../database.ts";
import type { CompareContext, RunOptions } from "../compare_context.ts";
import type { Call, Caller, GatherPolicy, Variant, VariantOptions } from "../variant.ts";
import { VARIANT } from "../variants.ts";
import type { VariantName } from "../report_data.ts";
import type { WorkerProcess } from "../worker_process.ts";
import { isAtRest } from "./at_rest.ts";
import type { Answer } from "./count.ts";
import { NetworkLink } from "./network_link.ts";
import { cameTrue, pause, valueWithin } from "./waiting.ts";

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

/** One variant with its workers; a stage may see several faults, one after the other. */
export class Stage implements AsyncDisposable {
  readonly variant: Variant;
  readonly quick: boolean;
  readonly #context: CompareContext;
  readonly #run: VariantOptions;
  readonly #client: Client;
  readonly #stack = new AsyncDisposableStack();
  /** Between the workers that have the database and the server; only on a stage that is split. */
  readonly link: NetworkLink | undefined;
  readonly signal: AbortSignal;
  #databaseWorker!: WorkerProcess;

  private constructor(context: CompareContext, run: VariantOptions, variant: VariantName, options: StageOptions) {
    this.#context = context;
    this.#run = run;
    this.quick = context.quick;
    this.variant = VARIANT[variant];
    this.#client = options.client ?? context.client;
    this.signal = options.signal;
    this.link = options.split ? this.#stack.use(new NetworkLink(run.address)) : undefined;
  }

  /** Starts workers of a variant, and its batcher where callers have to find one. */
  static async open(context: CompareContext, variant: VariantName, options: StageOptions): Promise<Stage> {
    const stage = new Stage(context, await context.newRun(variant, options), variant, options);
    try {
      await stage.#start();
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The process of the workers that have the database. */
  get databaseWorker(): WorkerProcess {
    return this.#databaseWorker;
  }

  /** Starts a process for the workers that have the database, in the place of one that is gone. */
  async startDatabaseWorker(): Promise<void> {
    const { databaseRole } = this.variant;
    const role = this.link === undefined ? "all" : databaseRole;
    const run = this.link === undefined ? this.#run : { ...this.#run, address: this.link.address };
    this.#databaseWorker = this.#stack.use(await this.#context.startWorkers(this.variant.name, role, run));
  }

  /** The batchers of this run. */
  get batcherIds(): readonly string[] {
    return this.variant.batcherIds(this.#run);
  }

  /** When what is gathered is written. */
  get policy(): GatherPolicy {
    return this.#run.policy;
  }

  /** A client of the server that the stage is on. */
  get client(): Client {
    return this.#client;
  }

  /** A prefix of workflow ids that no other stage uses. */
  get name(): string {
    return this.#run.name;
  }

  /** Starts a caller, however often the server has to be asked. */
  async ask(call: Call, waitMs: number): Promise<Asked> {
    const run = { ...this.#run, confirmationTimeoutMs: waitMs };
    const deadlineMs = performance.now() + START_WITHIN_MS;
    for (;;) {
      try {
        return { call, caller: await this.variant.startCaller(this.#client, run, call) };
      } catch (error) {
        // The answer to the first try was lost.
        if (error instanceof WorkflowExecutionAlreadyStartedError) {
          return { call, caller: { workflowId: call.workflowId } };
        }
        if (!isGrpcServiceError(error) || performance.now() > deadlineMs) throw error;
        await pause(100, this.signal);
      }
    }
  }

  /** Waits for what a caller is told. */
  async answerOf({ caller }: Asked, waitMs: number): Promise<Answer> {
    const told = this.variant.told(this.#client, caller);
    // Where it is given up, nobody looks at how it ends.
    told.catch(() => {});
    const limit = { withinMs: waitMs + ANSWER_GRACE_MS, signal: this.signal };
    return await valueWithin(told, limit) ?? { kind: "none" };
  }

  /** Rows by key. */
  rows(): Map<string, number> {
    return rowsByKey(this.#run.databaseFile, this.variant.name);
  }

  /** Waits until nothing is pending in any batcher, and says whether it came to that in time. */
  untilAtRest(withinMs: number): Promise<boolean> {
    return cameTrue(async () => {
      const atRest = this.batcherIds.map((id) => isAtRest(this.#client, this.variant.name, id));
      return (await Promise.all(atRest)).every(Boolean);
    }, { withinMs, signal: this.signal });
  }

  /** Ends workers and batchers, as they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    // A batcher without workers is a burden to a server that others use.
    await Promise.allSettled(this.batcherIds.map((id) => this.#client.workflow.getHandle(id).terminate()));
  }

  async #start(): Promise<void> {
    const { variant } = this;
    const processes = [this.startDatabaseWorker()];
    if (this.link !== undefined && variant.databaseRole === "batcher") {
      processes.push(
        this.#context.startWorkers(variant.name, "caller", this.#run).then((main) => {
          this.#stack.use(main);
        }),
      );
    }
    const started = await Promise.allSettled(processes);
    for (const result of started) if (result.status === "rejected") throw result.reason;
    await variant.prepare(this.#client, this.#run);
  }
}
