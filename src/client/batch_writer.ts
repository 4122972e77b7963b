/**
 * The writer, through which a client, or a worker on behalf of its workflows, writes.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { shardOf } from "./sharding.ts";
import { batcherNameProblem, kindOf, partitionKeyProblem, requestIdProblem } from "../protocol/check.ts";
import {
  InvalidWriteError,
  OverloadedError,
  RequestIdConflictError,
  WriteSubmissionFailedError,
} from "../protocol/failures.ts";
import { LIMITS } from "../protocol/limits.ts";
import { batcherWorkflowId, DEFAULT_BATCHER_NAME, taskQueuesOf } from "../protocol/names.ts";
import {
  type BatchingOptions,
  CONFIRMATION_TIMEOUT_BOUNDS_MS,
  resolveBatchingOptions,
  type ResolvedBatchingOptions,
  wholeNumberProblem,
} from "../protocol/options.ts";
import { textBytes } from "../protocol/text_bytes.ts";
import type { Receipt, Write } from "../protocol/write.ts";
import { absentWorkersProblem } from "./absent_workers.ts";
import { canonicalJson, writeDigest } from "./canonical_json.ts";
import { type ConnectOptions, connectWriterClient } from "./connection.ts";
import { Coalescer, type CoalescerOptions } from "./coalescer.ts";
import { newCounters, UpdateSender, type UpdateSenderCounters } from "./update_sender.ts";
import { failingTaskProblem } from "./failing_task.ts";
import { PendingCall } from "./pending_call.ts";
import { QuietTurns, QuietWatch } from "./quiet_watch.ts";

/** Options of {@linkcode BatchWriter.connect}: where the server is, and how to write. */
export type ConnectedWriterOptions = ConnectOptions & Omit<BatchWriterOptions, "client">;

/** Options of a {@linkcode BatchWriter}. */
export interface BatchWriterOptions extends BatchingOptions {
  /** Connected client. `connectWriterClient` makes the best one: its connection leaves retries to the writer. */
  readonly client: Client;
  /**
   * Name of the group of batchers: the first part of their workflow ids. At most 200 bytes.
   * @default {"batcher"}
   */
  readonly name?: string;
  /**
   * Task queue on which batchers are started.
   * @default {"batcher-queue", or "<name>/batcher-queue"}
   */
  readonly taskQueue?: string;
  /**
   * Callers that may wait in this writer before `write` fails with `Overloaded`. Several may wait for the same write.
   * @default {50000}
   */
  readonly maxWaitingWrites?: number;
  /**
   * Bytes that may wait in this writer before `write` fails with `Overloaded`.
   * @default {67108864}
   */
  readonly maxWaitingBytes?: number;
  /** Called with the reason why writes wait: once each time that no worker polls or a batcher's workflow task fails. */
  readonly onWarning?: (message: string) => void;
}

/** Options of one {@linkcode BatchWriter.write}. */
export interface WriteOptions {
  /** Stops the waiting. A write that was already sent may still be stored. */
  readonly signal?: AbortSignal;
  /**
   * How long to wait for the receipt.
   * @default {the writer's `confirmationTimeoutMs`}
   */
  readonly timeoutMs?: number;
}

/** What a writer has done so far. */
export interface BatchWriterStats extends Readonly<UpdateSenderCounters> {
  /** Writes that wait for their receipt now. */
  readonly waitingWrites: number;
}

/** Interval between checks of deadlines. A caller waits at most this much longer than it asked for. */
const DEADLINE_CHECK_MS = 50;

/** How long a caller should wait after it found the writer full. */
const RETRY_AFTER_FULL_MS = 100;

/**
 * Gathers the writes of its process and hands each caller the receipt of its own write.
 *
 * One writer serves any number of concurrent callers, and a process needs no more than one. Batchers are started when an
 * Update finds none.
 *
 * @example
 * ```ts ignore
 * await using writer = await BatchWriter.connect();
 * const receipt = await writer.write({ requestId: "order-17", data: { amount: 5 } });
 * console.log(receipt.status); // "committed"
 * ```
 */
export class BatchWriter implements AsyncDisposable {
  /** The options in force. */
  readonly options: ResolvedBatchingOptions;
  readonly #counters = newCounters();
  readonly #workers: QuietWatch;
  readonly #batcherTurns = new QuietTurns();
  readonly #makeRoute: (shard: number) => Route;
  /** By shard. A shard has a route from its first write on. */
  readonly #routes = new Map<number, Route>();
  readonly #calls = new Map<string, PendingCall>();
  readonly #maxWaitingWrites: number;
  readonly #maxWaitingBytes: number;
  #waitingBytes = 0;
  /** Calls of `write` that have not ended. */
  #callers = 0;
  #deadlineCheck: ReturnType<typeof setInterval> | undefined;
  #closed = false;
  /** The connection that is closed with this writer. */
  #connection: AsyncDisposable | undefined;

  /**
   * Connects to a server and makes a writer that owns the connection: disposing of the writer closes it.
   *
   * @throws {RangeError} If an option is out of its bounds; the message names option and value.
   * @throws {Error} If no server answers.
   */
  static async connect(options: ConnectedWriterOptions = {}): Promise<BatchWriter> {
    const connected = await connectWriterClient(options);
    try {
      const writer = new BatchWriter({ ...options, client: connected.client });
      writer.#connection = connected;
      return writer;
    } catch (error) {
      await connected[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** @throws {RangeError} If an option is out of its bounds; the message names option and value. */
  constructor(options: BatchWriterOptions) {
    this.options = resolveBatchingOptions(options);
    this.#maxWaitingWrites = waitingLimit("maxWaitingWrites", options.maxWaitingWrites ?? LIMITS.waitingWrites);
    this.#maxWaitingBytes = waitingLimit("maxWaitingBytes", options.maxWaitingBytes ?? LIMITS.waitingBytes);
    const { client, name = DEFAULT_BATCHER_NAME, onWarning = () => {} } = options;
    const taskQueue = options.taskQueue ?? taskQueuesOf(name).batcher;
    const problem = batcherNameProblem(name, "'name'");
    if (problem !== undefined) throw new RangeError(`Cannot batch as ${problem}`);
    this.#workers = new QuietWatch({
      client,
      onWarning,
      ask: () => absentWorkersProblem(client, taskQueue),
      answered: () => this.#counters.answeredWrites,
    });
    const writerId = randomUUID();
    this.#makeRoute = (shard) => {
      const sender = new UpdateSender({
        client,
        taskQueue,
        workflowIdOf: (lane) => batcherWorkflowId(name, shard, lane),
        writerId,
        batching: this.options,
        counters: this.#counters,
      });
      return {
        sender,
        coalescer: new Coalescer(updateSize(this.options, sender), (calls) => sender.deliver(calls)),
        batcher: new QuietWatch({
          client,
          onWarning,
          ask: () => failingTaskProblem(client, sender.target),
          answered: () => sender.answers,
        }),
      };
    };
  }

  /** What this writer has done so far. */
  get stats(): BatchWriterStats {
    return { ...this.#counters, waitingWrites: this.#calls.size };
  }

  /** Workflow ids of the batchers that this writer has a place in. */
  get batchers(): string[] {
    return [...this.#routes.values()].flatMap(({ sender }) => sender.workflowId ?? []);
  }

  /**
   * Stores one row and waits for its own receipt.
   *
   * The same request id twice at the same time is one write with two callers.
   *
   * @returns `committed`: the row is durably in the sink. `duplicate`: it was there before. `rejected`: the database
   * refused this row, and the dead-letter table keeps it.
   * @throws {WriteError} If there is no receipt; `outcome` says whether the row is `"not written"` or `"unknown"`, and
   * `type` says why. `InvalidWriteError`, `RequestIdConflictError`, `OverloadedError`, `DatabaseWriteFailedError` and
   * `WriteSubmissionFailedError`, or, with an unknown outcome, `WriteOutcomeUnknownError` and
   * `WriteConfirmationTimeoutError`. The reason of `signal` if that ended the wait before the write was sent.
   */
  async write(write: Write, { signal, timeoutMs }: WriteOptions = {}): Promise<Receipt> {
    if (this.#closed) throw new WriteSubmissionFailedError("Cannot write as the writer is closed", "not written");
    signal?.throwIfAborted();
    const waitMs = timeoutMs ?? this.options.confirmationTimeoutMs;
    const problem = wholeNumberProblem("timeoutMs", waitMs, ...CONFIRMATION_TIMEOUT_BOUNDS_MS);
    if (problem !== undefined) throw new InvalidWriteError(`Cannot write as ${problem}`);
    const call = this.#callFor(write);
    this.#callers++;
    try {
      return await call.wait(waitMs, signal);
    } finally {
      this.#callers--;
    }
  }

  /** Sends the writes that wait in a window now, and waits until every caller so far has its answer. */
  async flush(): Promise<void> {
    await Promise.all([...this.#routes.values()].map(({ coalescer }) => coalescer.drain()));
  }

  /** Refuses new writes, waits until every caller so far has its answer, and closes a connection of its own. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.flush();
    // If an Update has no waiting caller left, leave it to the batcher.
    await Promise.all([...this.#routes.values()].map(({ sender, coalescer }) => {
      sender.close();
      return coalescer.ended();
    }));
    clearInterval(this.#deadlineCheck);
    await this.#connection?.[Symbol.asyncDispose]();
  }

  #callFor(write: Write): PendingCall {
    const call = asCall(write, (done) => this.#forget(done));
    // Callers that share a write count one by one, because each of them is held in memory.
    const waiting = Math.max(this.#callers, this.#calls.size);
    if (waiting >= this.#maxWaitingWrites) {
      throw new OverloadedError(`Cannot write now: ${waiting} callers wait already`, RETRY_AFTER_FULL_MS);
    }
    const known = this.#calls.get(call.requestId);
    if (known !== undefined) {
      if (known.digest !== call.digest) throw new RequestIdConflictError(call.requestId);
      return known;
    }
    if (this.#calls.size > 0 && this.#waitingBytes + call.bytes > this.#maxWaitingBytes) {
      throw new OverloadedError(`Cannot write now: ${this.#waitingBytes} bytes wait already`, RETRY_AFTER_FULL_MS);
    }
    if (this.#calls.size === 0) this.#workers.begin();
    this.#calls.set(call.requestId, call);
    this.#waitingBytes += call.bytes;
    this.#deadlineCheck ??= setInterval(() => this.#checkDeadlines(), DEADLINE_CHECK_MS);
    const { coalescer, batcher } = this.#routeOf(write);
    if (coalescer.isIdle) batcher.begin();
    coalescer.push(call);
    return call;
  }

  #routeOf(write: Write | PendingCall): Route {
    const shard = shardOf(write, this.options.shards);
    const known = this.#routes.get(shard);
    if (known !== undefined) return known;
    const route = this.#makeRoute(shard);
    this.#routes.set(shard, route);
    return route;
  }

  #forget(call: PendingCall): void {
    this.#calls.delete(call.requestId);
    this.#waitingBytes -= call.bytes;
    if (this.#calls.size > 0) return;
    clearInterval(this.#deadlineCheck);
    this.#deadlineCheck = undefined;
  }

  #checkDeadlines(): void {
    const now = performance.now();
    this.#askWhyQuiet();
    for (const call of this.#calls.values()) call.expire(now, this.#problemOf);
    // While an Update hangs, abandoned calls must not fill the queue behind it.
    for (const { coalescer } of this.#routes.values()) coalescer.dropAbandoned();
  }

  #askWhyQuiet(): void {
    // Writes that gather in a window are not late yet.
    const sending = this.#routes.values().filter(({ coalescer }) => coalescer.isSending).toArray();
    if (sending.length === 0) return;
    if (this.#workers.isDue()) void this.#workers.ask();
    this.#batcherTurns.check(sending.map(({ batcher }) => batcher));
  }

  /** Why a call has no answer, if the server gave a reason. */
  readonly #problemOf = (call: PendingCall) => this.#workers.problem || this.#routeOf(call).batcher.problem;
}

/** The way to the batcher of one shard. */
interface Route {
  readonly coalescer: Coalescer;
  readonly sender: UpdateSender;
  readonly batcher: QuietWatch;
}

function updateSize(options: ResolvedBatchingOptions, sender: UpdateSender): CoalescerOptions {
  return {
    // With a window, a full batch ends it early. Without one, larger Updates are better. But a batcher admits an Update
    // above its own pending limits only while it is empty, which may never happen under load.
    writesMax: Math.min(
      options.windowMs > 0 ? options.maxBatchWrites : LIMITS.updateWritesMax,
      LIMITS.updateWritesMax,
      options.maxPendingWrites,
    ),
    get bytesMax() {
      return Math.min(options.maxBatchBytes, sender.updateArgsBytesMax, options.maxPendingBytes);
    },
    windowMs: options.windowMs,
  };
}

function waitingLimit(name: string, value: number): number {
  const problem = wholeNumberProblem(name, value, 1, Number.MAX_SAFE_INTEGER);
  if (problem !== undefined) throw new RangeError(`Cannot batch as ${problem}`);
  return value;
}

function asCall(write: Write, onDone: (call: PendingCall) => void): PendingCall {
  if (typeof write !== "object" || write === null) {
    throw new InvalidWriteError(`Cannot write as 'write' must be an object: it is ${kindOf(write)}`);
  }
  const { requestId, data, partitionKey } = write;
  const problem = requestIdProblem(requestId) ??
    (partitionKey === undefined ? undefined : partitionKeyProblem(partitionKey));
  if (problem !== undefined) throw new InvalidWriteError(`Cannot write as ${problem}`);
  const line = canonicalJson(data);
  const bytes = textBytes(requestId) + textBytes(partitionKey ?? "") + Buffer.byteLength(line) + 1;
  if (bytes > LIMITS.writeBytesMax) {
    throw new InvalidWriteError(
      `Cannot write as requestId, partitionKey and data must have at most ${LIMITS.writeBytesMax} bytes: they have ${bytes}`,
    );
  }
  const key = partitionKey ?? null;
  return new PendingCall(requestId, writeDigest(line, key), line, key, bytes, onDone);
}
