/**
 * Sends gathered writes to a batcher and returns the receipts, whatever fails on the way.
 *
 * @module
 */
import {
  type Client,
  WithStartWorkflowOperation,
  type WorkflowHandle,
  type WorkflowUpdateHandle,
} from "@temporalio/client";
import type { Workflow } from "@temporalio/common";
import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { storedFromBytes } from "../bodies/body_storage.ts";
import { InvalidWriteError, RequestIdConflictError, shortMessage } from "../protocol/failures.ts";
import {
  BATCHER_REVISION,
  type BatcherInput,
  type ReceiptRun,
  type SubmissionHeader,
  type SubmitWritesAnswer,
  type SubmitWritesArgs,
} from "../protocol/messages.ts";
import { LaneSelector } from "./lane_selector.ts";
import { BATCHER_WORKFLOW, ROLL_OVER_SIGNAL, SUBMIT_WRITES_UPDATE } from "../protocol/names.ts";
import type { ResolvedBatchingOptions } from "../protocol/options.ts";
import { decodeRuns } from "../protocol/receipt_runs.ts";
import type { PendingCall } from "./pending_call.ts";
import { codecProblem, hasCodec } from "./codec_growth.ts";
import { makeUpdateArgs, updateArgsBytesMax } from "./update_args.ts";
import { backOffMs, classifyFailure, classifyWaitFailure, type FailureAction, wasRefused } from "./retry.ts";
import { bodyMissing, failSetup, outcomeUnknown, settle } from "./settle.ts";

/** Options of an {@linkcode UpdateSender}. */
export interface UpdateSenderOptions {
  readonly client: Client;
  readonly taskQueue: string;
  /** Workflow id of the batcher of a lane. */
  readonly workflowIdOf: (lane: number) => string;
  readonly writerId: string;
  /** Options for a batcher that has to be started. */
  readonly batching: ResolvedBatchingOptions;
  /** Counters that several senders may share. */
  readonly counters: UpdateSenderCounters;
}

/** What a sender has done so far. */
export interface UpdateSenderCounters {
  /** Updates sent, repeated ones included. */
  updates: number;
  /** Writes in answered Updates. */
  answeredWrites: number;
  /** Moves to another lane because one had no place. */
  laneMoves: number;
  /** Updates that the server's limit of Updates in flight refused. */
  capErrors: number;
  /** Updates that a batcher refused: it was full, continuing as new, or busy with another one of their writer. */
  overloads: number;
  /** Updates that were sent again for another reason. */
  retries: number;
  /** Updates that were sent with a start of their batcher, in case it did not run. */
  starts: number;
}

/** A worker that dies delays a batcher by this long. The server's default is 10 s. */
const BATCHER_TASK_TIMEOUT = "3s";

/** Timeout of one request. The Update itself goes on, and the next request with its id finds it again. */
const ATTEMPT_MS = 15_000;

/**
 * Interval at which a writer asks a batcher to continue as new. Once is enough for a run at its limit of Updates. A run
 * whose workflow task fails gives the same answer, and signals must not fill its history.
 */
const ROLL_OVER_EVERY_MS = 60_000;

/** The writes of one Update. */
interface Submission {
  readonly updateId: string;
  readonly batch: readonly PendingCall[];
  readonly mark: number;
  /** Whether an earlier try may have brought the Update to the batcher. */
  maybeKnown: boolean;
  /** Finds the Update again; undefined until the server has accepted it. */
  handle: WorkflowUpdateHandle<SubmitWritesAnswer> | undefined;
}

/** Makes counters at zero. */
export function newCounters(): UpdateSenderCounters {
  return { updates: 0, answeredWrites: 0, laneMoves: 0, capErrors: 0, overloads: 0, retries: 0, starts: 0 };
}

/** Sends writes to one batcher: the first of its shard that has a place for this writer. */
export class UpdateSender {
  #nextUpdate = 0;
  #lanes: LaneSelector;
  /** Whether the batcher of this lane has admitted this writer. */
  #admitted = false;
  /** When the last try ended, on the clock of `performance.now()`. */
  #triedAt = 0;
  #closed = false;
  /** When a batcher was last asked to continue as new, on the clock of `performance.now()`. */
  #rollOverAskedAt = -Infinity;
  /** Updates that have been answered. */
  answers = 0;

  constructor(private readonly options: UpdateSenderOptions) {
    this.#lanes = new LaneSelector(options.writerId);
  }

  /** The batcher that this writer has a place in, if it has one. */
  get workflowId(): string | undefined {
    return this.#admitted ? this.target : undefined;
  }

  /** The batcher that the next Update goes to. */
  get target(): string {
    return this.options.workflowIdOf(this.#lanes.lane);
  }

  /** Bytes of header and body that the next Update may have, before a codec. */
  get updateArgsBytesMax(): number {
    const { client, batching: { writersMax } } = this.options;
    return updateArgsBytesMax({
      writersMax,
      hasCodec: hasCodec(client),
      admitted: this.#admitted,
      ...storedFrom(client),
    });
  }

  /**
   * Delivers calls in one Update and settles each of them, unless its callers give up first. Never rejects.
   *
   * Ends only when the Update ends, even if no caller waits for it any more: a writer has one Update in flight.
   */
  async deliver(calls: readonly PendingCall[]): Promise<void> {
    try {
      await this.#deliver(calls);
    } catch (error) {
      // The answer does not fit the Update. The rows may be committed, and every caller must be settled.
      for (const call of calls) call.reject(outcomeUnknown(call.requestId, shortMessage(error)));
    }
  }

  /** Stops following an Update that no caller waits for, once its current request is over. */
  close(): void {
    this.#closed = true;
  }

  async #deliver(calls: readonly PendingCall[]): Promise<void> {
    const problem = await this.#codecProblem();
    if (problem !== undefined) return failSetup(calls, problem);
    this.#returnAfterSilence();
    let batch = calls;
    // All tries share one mark: by it the ledger recognizes a row that this delivery stored.
    const mark = newMark();
    let submission: Submission | undefined;
    for (let attempt = 1;; attempt++) {
      // A repeated Update id is answered from the run that knows it, so it must always name the same writes.
      if (submission === undefined || !submission.maybeKnown && batch.some((call) => call.abandoned)) {
        // Never send a write whose callers have already received an error.
        batch = dropAbandoned(batch);
        submission = { updateId: this.#newUpdateId(), batch, mark, maybeKnown: false, handle: undefined };
      }
      if (batch.length === 0) return;
      if (this.#closed && batch.every((call) => call.abandoned)) return void dropAbandoned(batch);
      const action = await this.#attempt(submission);
      if (action === undefined) return;
      batch = this.#settleBy(action, batch);
      const moved = this.#changesLane(action);
      if (moved || action.kind !== "again" || action.fresh) submission = undefined;
      if (batch.length > 0) await this.#prepareNext(action, attempt);
      // Refusals of other lanes must not slow down this one.
      if (moved) attempt = 0;
    }
  }

  /** Once its place has lapsed, a writer begins at the first lane again: after a crowd, few lanes are enough. */
  #returnAfterSilence(): void {
    // Count from the last try, answered or not: no write may overtake one that still waits in this lane.
    if (performance.now() - this.#triedAt < this.options.batching.writerLeaseMs) return;
    this.#lanes = new LaneSelector(this.options.writerId);
    this.#admitted = false;
  }

  #checkedCodec: Promise<string | undefined> | undefined;

  async #codecProblem(): Promise<string | undefined> {
    const { client } = this.options;
    if (!hasCodec(client)) return undefined;
    try {
      return await (this.#checkedCodec ??= codecProblem(client));
    } catch (error) {
      // The next delivery asks again.
      this.#checkedCodec = undefined;
      return `the payload codec failed: ${shortMessage(error)}`;
    }
  }

  /** Moves to another lane if this one has no place, and says whether it did. */
  #changesLane(action: FailureAction): boolean {
    if (action.kind === "laneFull") this.#lanes.full();
    // An admitted writer has a place and only waits for room among the Updates in flight.
    else if (action.kind === "again" && (action.cap || action.aborted) && !this.#admitted) this.#lanes.crowded();
    else return false;
    this.#admitted = false;
    this.options.counters.laneMoves++;
    return true;
  }

  #newUpdateId(): string {
    return `${this.options.writerId}/${++this.#nextUpdate}`;
  }

  /** Sends an Update, or finds it again. Settles its calls if it is answered, or returns the action for its failure. */
  async #attempt(submission: Submission): Promise<FailureAction | undefined> {
    const { client } = this.options;
    const { batch } = submission;
    const deadline = Date.now() + ATTEMPT_MS;
    for (const call of batch) call.inFlight = true;
    try {
      if (submission.handle === undefined) {
        const failed = await this.#submit(submission, deadline);
        if (failed !== undefined) return this.#noteFailure(batch, ...failed);
      }
      let answer: SubmitWritesAnswer;
      try {
        answer = await client.withDeadline(deadline, () => submission.handle!.result());
      } catch (error) {
        const action = classifyWaitFailure(error);
        // This Update is still open, and its answer will settle its writes.
        if (action.kind === "again" && !action.fresh) return action;
        return this.#noteFailure(batch, action, wasRefused(action));
      }
      this.#admitted = true;
      this.#answer(batch, answer.runs);
      return undefined;
    } finally {
      this.#triedAt = performance.now();
    }
  }

  /** Sends the Update, or finds it again. On failure returns the action, and whether it certainly was not admitted. */
  async #submit(submission: Submission, deadline: number): Promise<[FailureAction, refused: boolean] | undefined> {
    const { client } = this.options;
    if (submission.batch.some((call) => call.abandoned)) {
      // Sending it again might admit it only now, after its callers have received an error.
      submission.handle = this.#batcher().getUpdateHandle<SubmitWritesAnswer>(submission.updateId);
      return undefined;
    }
    this.options.counters.updates++;
    try {
      submission.handle = await client.withDeadline(deadline, () => this.#update(submission));
      return undefined;
    } catch (error) {
      const action = classifyFailure(error);
      const refused = wasRefused(action);
      submission.maybeKnown ||= !refused;
      return [action, refused];
    }
  }

  #noteFailure(batch: readonly PendingCall[], action: FailureAction, refused: boolean): FailureAction {
    const message = "message" in action ? action.message : "";
    for (const call of batch) {
      call.lastProblem = message;
      call.inFlight = false;
      call.mayBeStored ||= !refused;
    }
    return action;
  }

  #batcher(): WorkflowHandle {
    return this.options.client.workflow.getHandle(this.target);
  }

  /** Starts an Update and waits until it is accepted. An immediate answer comes with the acceptance. */
  async #update({ batch, updateId, mark }: Submission): Promise<WorkflowUpdateHandle<SubmitWritesAnswer>> {
    const { client, writerId } = this.options;
    const frame = { writer: writerId, mark, ...storedFrom(client) };
    const submits = makeUpdateArgs(batch, frame, this.updateArgsBytesMax);
    for (const args of submits.slice(0, -1)) {
      const part = await this.#send(args, `${updateId}/${args[0].part!.index}`);
      await part.result();
    }
    return await this.#send(submits.at(-1)!, updateId);
  }

  #send(args: SubmitWritesArgs, updateId: string): Promise<WorkflowUpdateHandle<SubmitWritesAnswer>> {
    const options = { args, updateId, waitForStage: "ACCEPTED" } as const;
    if (this.#admitted) {
      return this.#batcher().startUpdate<SubmitWritesAnswer, SubmitWritesArgs>(SUBMIT_WRITES_UPDATE, options);
    }
    this.options.counters.starts++;
    const startWorkflowOperation = this.#startOperation();
    return this.options.client.workflow.startUpdateWithStart(SUBMIT_WRITES_UPDATE, {
      ...options,
      startWorkflowOperation,
    });
  }

  /** Starts the batcher of this lane, unless it runs. */
  #startOperation(): WithStartWorkflowOperation<Workflow> {
    const { taskQueue, batching } = this.options;
    // Most lanes that a crowd started are not needed when the crowd is gone.
    const endsWhenIdle = this.#lanes.lane > 0;
    const input: BatcherInput = {
      options: batching,
      revision: BATCHER_REVISION,
      ...(endsWhenIdle && { endsWhenIdle }),
    };
    return new WithStartWorkflowOperation(BATCHER_WORKFLOW, {
      workflowId: this.target,
      taskQueue,
      args: [input],
      workflowIdConflictPolicy: "USE_EXISTING",
      workflowTaskTimeout: BATCHER_TASK_TIMEOUT,
    });
  }

  #answer(batch: readonly PendingCall[], runs: readonly ReceiptRun[]): void {
    const receipts = decodeRuns(runs, batch.length);
    this.answers++;
    this.options.counters.answeredWrites += batch.length;
    batch.forEach((call, i) => settle(call, receipts[i]));
  }

  /** Settles what an action settles and returns the calls that are still open. */
  #settleBy(action: FailureAction, batch: readonly PendingCall[]): readonly PendingCall[] {
    switch (action.kind) {
      case "answered":
        this.#answer(batch, action.runs);
        return [];
      case "conflict": {
        const conflicting = new Set(action.requestIds);
        if (!batch.some((call) => conflicting.has(call.requestId))) {
          throw new RangeError("the batcher named a conflict, but none of the request ids that it was sent");
        }
        for (const call of batch) {
          if (!conflicting.has(call.requestId)) continue;
          // An earlier attempt without an answer may have stored this row before the conflicting one came.
          const reason = "the same id is now in use for other data";
          call.reject(call.sent ? outcomeUnknown(call.requestId, reason) : new RequestIdConflictError(call.requestId));
        }
        return batch.filter((call) => !conflicting.has(call.requestId));
      }
      case "invalid":
        // An earlier attempt may have reached a batcher that knows this version of the messages.
        for (const call of batch) {
          call.reject(
            call.sent ? outcomeUnknown(call.requestId, action.message) : new InvalidWriteError(action.message),
          );
        }
        return [];
      case "setup":
        failSetup(batch, action.message);
        return [];
      case "bodyMissing":
        for (const call of batch) call.reject(bodyMissing(call, action.message));
        return [];
      case "overloaded":
        this.options.counters.overloads++;
        return batch;
      case "again":
        if (action.cap) this.options.counters.capErrors++;
        else this.options.counters.retries++;
        return batch;
      case "bodyUnread":
      case "runSpent":
        this.options.counters.retries++;
        return batch;
      case "laneFull":
      case "start":
        return batch;
    }
  }

  async #prepareNext(action: FailureAction, attempt: number): Promise<void> {
    if (action.kind === "start") {
      this.#admitted = false;
      // At first, no batcher is the usual case. Repeated absence means that something terminates batchers: back off.
      if (attempt > 1) await delay(backOffMs(attempt, false));
    } else if (action.kind === "again") await delay(backOffMs(attempt, action.cap));
    else if (action.kind === "runSpent") await this.#askToRollOver(attempt);
    else if (action.kind === "bodyUnread") await delay(backOffMs(attempt, false));
    else if (action.kind === "overloaded") await delay(action.retryAfterMs * (0.5 + Math.random()));
  }

  async #askToRollOver(attempt: number): Promise<void> {
    // At the first refusal the run may already be continuing as new by itself.
    if (attempt > 1 && performance.now() - this.#rollOverAskedAt >= ROLL_OVER_EVERY_MS) {
      this.#rollOverAskedAt = performance.now();
      try {
        const batcher = this.#batcher();
        await this.options.client.withDeadline(Date.now() + ATTEMPT_MS, () => batcher.signal(ROLL_OVER_SIGNAL));
      } catch {
        // The next try shows what is wrong.
      }
    }
    await delay(backOffMs(attempt, false));
  }
}

/** The payload size from which on this client stores what it sends outside of the history. */
function storedFrom({ options }: Client): Pick<SubmissionHeader, "storedFromBytes"> {
  const bytes = storedFromBytes(options.loadedDataConverter);
  return bytes === undefined ? {} : { storedFromBytes: bytes };
}

/** A random whole number from 0 to 2^53 - 1: two deliveries of one request id practically never share it. */
function newMark(): number {
  return randomInt(2 ** 21) * 2 ** 32 + randomInt(2 ** 32);
}

function dropAbandoned(batch: readonly PendingCall[]): readonly PendingCall[] {
  for (const call of batch) if (call.abandoned) call.drop();
  return batch.filter((call) => !call.abandoned);
}
