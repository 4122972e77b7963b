/**
 * Batched writes in a worker that somebody has already.
 *
 * @module
 */
import { Context } from "@temporalio/activity";
import { NativeConnection, Runtime, type Worker, type WorkerOptions, type WorkerPlugin } from "@temporalio/worker";
import { createSubmitActivities } from "../../activities/mod.ts";
import { BatchWriter, type BatchWriterOptions } from "../client/batch_writer.ts";
import { writerClientOn } from "../client/connection.ts";
import { UnretriedConnection } from "../client/unretried_connection.ts";
import type { SubmitActivities } from "../protocol/activities.ts";
import { batcherNameProblem, kindOf } from "../protocol/check.ts";
import { DEFAULT_BATCHER_NAME } from "../protocol/names.ts";
import { resolveBatchingOptions } from "../protocol/options.ts";
import type { Sink } from "../sinks/sink.ts";
import {
  type BatcherWorkerOptions,
  CALLER_SLOTS,
  createBatcherWorker,
  runsBatchers,
  SHUTDOWN_GRACE_TIME,
} from "./create_worker.ts";
import { ignoreShutdownSignals } from "./ignore_shutdown_signals.ts";

/** Options of the worker for batchers that a {@linkcode BatcherPlugin} runs beside the user's. */
type BesideOptions = Omit<
  BatcherWorkerOptions,
  "connection" | "namespace" | "sink" | "name" | "taskQueue" | "dataConverter"
>;

/** Options of a {@linkcode BatcherPlugin}. */
export interface BatcherPluginOptions extends Omit<BatchWriterOptions, "client"> {
  /**
   * Where batches go: a sink, which whoever opened it closes after the worker's end, or what opens one, which the plugin
   * closes then. With a sink the process runs batchers, in a worker of their own beside the user's.
   *
   * @default {batchers run in other processes}
   */
  readonly sink?: Sink | (() => Promise<Sink>);
  /**
   * Whether workflows of this worker may call `submitWrite`.
   * @default {true}
   */
  readonly callers?: boolean;
  /** Further options of the worker for batchers: tuner, slots, interceptors, versioning, `onFlush` and so on. */
  readonly batcherWorker?: BesideOptions;
}

/** Closes what was opened, or waits for its end. Node 22 has no `AsyncDisposableStack`. */
type End = () => Promise<void>;

/** A worker for batchers that runs. */
interface RunningBatchers {
  readonly running: Promise<void>;
}

/** The worker that a plugin serves. */
interface Served {
  readonly worker: Worker;
  /** Settles once its writer is ready. */
  readonly writer: PromiseWithResolvers<BatchWriter>;
  /** Resolves when it has ended, in whatever way. */
  readonly ended: Promise<void>;
}

/**
 * Brings into a worker what its workflows need to call `submitWrite`, and runs batchers beside it if there is a sink.
 *
 * The worker gets the activity `submitWrite` and slots for 2,000 callers that wait at the same time; a tuner or slots of
 * one's own stay as they are. Connection, namespace, data converter and client interceptors are those of the worker. It
 * opens nothing before the worker runs. When the worker ends, also by a signal, batchers go on until it has: its callers
 * get their receipts, if those come within its `shutdownGraceTime`. If batchers fail, the worker is shut down, and its
 * `run` rejects.
 *
 * One instance serves one worker at a time.
 *
 * @example
 * ```ts
 * import { NativeConnection, Worker } from "@temporalio/worker";
 * import { BatcherPlugin, openSink } from "temporal-batcher";
 *
 * export async function main() {
 *   const worker = await Worker.create({
 *     connection: await NativeConnection.connect(),
 *     taskQueue: "orders",
 *     workflowsPath: "workflows.ts",
 *     plugins: [new BatcherPlugin({ sink: () => openSink("sqlite:orders.db") })],
 *   });
 *   await worker.run();
 * }
 * ```
 */
export class BatcherPlugin implements WorkerPlugin {
  readonly name = "temporal-batcher";
  /** Set while a worker runs. */
  #served: Served | undefined;

  /**
   * @throws {TypeError} If 'sink' is of another kind, or there is nothing to do.
   * @throws {RangeError} If an option is out of its bounds; the message names option and value.
   */
  constructor(private readonly options: BatcherPluginOptions = {}) {
    const { sink, name = DEFAULT_BATCHER_NAME } = options;
    resolveBatchingOptions(options);
    const problem = batcherNameProblem(name, "'name'");
    if (problem !== undefined) throw new RangeError(`Cannot create BatcherPlugin as ${problem}`);
    if (sink !== undefined && typeof sink !== "function" && typeof sink?.write !== "function") {
      const wanted = "'sink' must be a sink, or a function that opens one as '() => openSink(address)' does";
      throw new TypeError(`Cannot create BatcherPlugin as ${wanted}: it is ${kindOf(sink)}`);
    }
    if (!this.#hasCallers && sink === undefined) {
      throw new TypeError(
        "Cannot create BatcherPlugin as 'callers' is false and there is no 'sink': it would do nothing",
      );
    }
  }

  get #hasCallers(): boolean {
    return this.options.callers ?? true;
  }

  /** @throws {TypeError} If the worker has an activity `submitWrite` already. */
  configureWorker(options: WorkerOptions): WorkerOptions {
    // One for batchers has the plugins of its connection, too.
    if (!this.#hasCallers || runsBatchers(options.activities)) return options;
    if (options.activities && "submitWrite" in options.activities) {
      throw new TypeError("Cannot add BatcherPlugin as the worker has an activity 'submitWrite' already");
    }
    const submit: SubmitActivities = {
      submitWrite: async (input) => {
        // A sink that cannot be opened yet must not keep the worker from its end.
        const writer = await Promise.race([this.#served!.writer.promise, Context.current().cancelled]);
        return await createSubmitActivities(writer).submitWrite(input);
      },
    };
    return {
      ...(options.tuner === undefined && CALLER_SLOTS),
      ...options,
      shutdownGraceTime: options.shutdownGraceTime ?? SHUTDOWN_GRACE_TIME,
      activities: { ...options.activities, ...submit },
    };
  }

  /** @throws What opening the sink, making the writer or running the batchers throws, after the worker has ended. */
  async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    if (runsBatchers(Object.fromEntries(worker.options.activities))) return await next(worker);
    if (this.#served) {
      // The SDK says that it runs already.
      if (worker === this.#served.worker) return await next(worker);
      // A worker that never runs would keep its connection from closing.
      await shutDown(worker, next(worker));
      throw new Error("A BatcherPlugin serves one worker at a time: create one for each worker");
    }
    const writer = Promise.withResolvers<BatchWriter>();
    writer.promise.catch(() => {});
    const running = next(worker);
    const ended = running.catch(() => {});
    const served = this.#served = { worker, writer, ended };
    const ends: End[] = [];
    try {
      const batchers = await this.#open(served, ends);
      await Promise.race([running, batchers?.running ?? running]);
    } catch (error) {
      writer.reject(error);
      await shutDown(worker, running);
      throw error;
    } finally {
      // One that fails must not keep the others open.
      for (const end of ends.reverse()) await end().catch(logNotClosed);
      this.#served = undefined;
    }
  }

  /** Opens what the worker needs. @returns The batchers of this process, if it has any. */
  async #open({ worker, writer: ready, ended }: Served, ends: End[]): Promise<RunningBatchers | undefined> {
    const { namespace, dataConverter } = worker.options;
    const interceptors = worker.options.interceptors.client?.workflow;
    // Only workers that replay have none.
    let connection = worker.connection!;
    if (worker.options.connection === undefined) {
      // The SDK closes the one that it has made at the worker's end, which comes before that of the batchers.
      connection = await NativeConnection.connect();
      ends.push(() => connection.close());
    }
    const batchers = await this.#runBatchers({ connection, namespace, dataConverter }, ended, ends);
    if (this.#hasCallers) {
      const { client, settled } = writerClientOn(UnretriedConnection.over(connection), {
        namespace,
        dataConverter,
        // The other form is the deprecated one of factories.
        ...(Array.isArray(interceptors) && { interceptors }),
      });
      ends.push(settled);
      const onWarning = (message: string) => Runtime.instance().logger.warn(`Writes wait: ${message}`);
      const writer = new BatchWriter({ onWarning, ...this.options, client });
      ends.push(() => writer[Symbol.asyncDispose]());
      ready.resolve(writer);
    }
    return batchers;
  }

  async #runBatchers(
    base: Pick<WorkerOptions, "connection" | "namespace" | "dataConverter">,
    ended: Promise<void>,
    ends: End[],
  ): Promise<RunningBatchers | undefined> {
    const { sink: given, name, taskQueue, batcherWorker } = this.options;
    if (given === undefined) return undefined;
    let sink = given as Sink;
    if (typeof given === "function") {
      const opening = given();
      const opened = await Promise.race([opening, ended]);
      if (!opened) {
        opening.then((late) => late.close()).catch(logNotClosed);
        return undefined;
      }
      sink = opened;
      ends.push(() => sink.close());
    }
    const batchers = await createBatcherWorker({ ...batcherWorker, ...base, sink, name, taskQueue });
    ignoreShutdownSignals(batchers);
    const running = batchers.run();
    ends.push(async () => {
      await shutDown(batchers, running);
      await running.catch((error) => logError("The batchers' worker failed", error));
    });
    return { running };
  }
}

function logNotClosed(error: unknown): void {
  logError("Cannot close a part of BatcherPlugin", error);
}

function logError(message: string, error: unknown): void {
  Runtime.instance().logger.error(message, { error });
}

const POLL_MS = 10;

/** Shuts a worker down, also one that is about to run, and waits for its end. */
async function shutDown(worker: Worker, running: Promise<void>): Promise<void> {
  let ended = false;
  const end = running.catch(() => {}).finally(() => ended = true);
  // Other plugins may come before its start.
  while (!ended && worker.getState() === "INITIALIZED") await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  if (worker.getState() === "RUNNING") worker.shutdown();
  await end;
}
