/**
 * Carries gathered writes to a batcher and brings the receipts back, through everything that can happen on the way.
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

/** Where a sender goes, and on whose behalf. */
export interface UpdateSenderOptions {
  readonly client: Client;
  readonly taskQueue: string;
  /** Workflow id of the batcher of a lane. */
  readonly workflowIdOf: (lane: number) => string;
  readonly writerId: string;
  /** What a batcher that has to be started is told. */
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
  /** Lanes that had no place. */
  laneMoves: number;
  /** Updates that the server's limit of Updates in flight turned away. */
  capErrors: number;
  /** Updates that a batcher turned away because it was full, rolling over, or busy with another one of their writer. */
  overloads: number;
  /** Updates that were sent again for another reason. */
  retries: number;
  /** Updates that brought the start of their batcher along, in case that it did not run. */
  starts: number;
}

/** A worker that dies holds a batcher up for this long; the server's default is 10 s. */
const BATCHER_TASK_TIMEOUT = "3s";

/**
 * How long one request may take before the writer looks up from it. The Update itself goes on, and the next request with
 * its id finds it again.
 */
const ATTEMPT_MS = 15_000;

/**
 * How often a writer asks a batcher to roll over. Once is enough for a run at its limit of Updates; a run whose workflow
 * task fails gives the same answer, and its history must not fill with signals.
 */
const ROLL_OVER_EVERY_MS = 60_000;

/** The writes of one Update. */
interface Submission {
  readonly updateId: string;
  readonly batch: readonly PendingCall[];
  readonly mark: number;
  /** Whether an earlier try may have brought the Update to the batcher. */
  maybeKnown: boolean;
  /** Finds the Update again; there is none until the server has answered. */
  handle: WorkflowUpdateHandle<SubmitWritesAnswer> | undefined;
}

/** Counters that have counted nothing yet. */
export function newCounters(): UpdateSenderCounters {
  return { updates: 0, answeredWrites: 0, laneMoves: 0, capErrors: 0, overloads: 0, retries: 0, starts: 0 };
}

/** Carries writes to one batcher: the first one of its shard that has a place for its writer. */
export class UpdateSender {
  #nextUpdate = 0;
  #lanes: LaneSelector;
  /** Whether the batcher of this lane has let this writer in. */
  #admitted = false;
  /** When the last try ended, on the clock of `performance.now()`. */
  #triedAt = 0;
  #closed = false;
  /** When a batcher was last asked to roll over, on the clock of `performance.now()`. */
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
   * Ends no sooner than the Update does, even if nobody waits for it any more: a writer has one Update in flight.
   */
  async deliver(calls: readonly PendingCall[]): Promise<void> {
    try {
      await this.#deliver(calls);
    } catch (error) {
      // An answer that does not fit its question: it may well stand for a commit, and nobody may be left waiting.
      for (const call of calls) call.reject(outcomeUnknown(call.requestId, shortMessage(error)));
    }
  }

  /** Stops looking after an Update that nobody waits for, once the request that is under way is over. */
  close(): void {
    this.#closed = true;
  }

  async #deliver(calls: readonly PendingCall[]): Promise<void> {
    const problem = await this.#codecProblem();
    if (problem !== undefined) return failSetup(calls, problem);
    this.#returnAfterSilence();
    let batch = calls;
    // One for all tries: by it the ledger tells this delivery that a row is its own.
    const mark = newMark();
    let submission: Submission | undefined;
    for (let attempt = 1;; attempt++) {
      // The same Update id again is answered from the run that knows it, so it must stand for the same writes.
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
      // Refusals of other lanes are no reason to back off from this one.
      if (moved) attempt = 0;
    }
  }

  /** A writer whose place has lapsed begins at the first lane again: after a crowd, few lanes are enough. */
  #returnAfterSilence(): void {
    // Counted from the last try, answered or not: what may still wait in this lane must not be overtaken in another.
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

  /** Moves on where this lane has no place, and says whether it did. */
  #changesLane(action: FailureAction): boolean {
    if (action.kind === "laneFull") this.#lanes.full();
    // Who has been let in has a place, and only waits for room among the Updates in flight.
    else if (action.kind === "again" && (action.cap || action.aborted) && !this.#admitted) this.#lanes.crowded();
    else return false;
    this.#admitted = false;
    this.options.counters.laneMoves++;
    return true;
  }

  #newUpdateId(): string {
    return `${this.options.writerId}/${++this.#nextUpdate}`;
  }

  /** Sends an Update, or finds it again. Settles its calls if it is answered, else says what the failure means. */
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
        // The Update is still this one, so that its answer will be the whole truth about its writes.
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

  /** Has the server take the Update, or say that it has it. Returns the action, and whether nothing can have got in. */
  async #submit(submission: Submission, deadline: number): Promise<[FailureAction, refused: boolean] | undefined> {
    const { client } = this.options;
    if (submission.batch.some((call) => call.abandoned)) {
      // To send it again might have it admitted only now.
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

  /** Starts an Update and waits until it is accepted; one that is answered in the same moment brings its answer along. */
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
    // Most of the lanes that a crowd starts are needed no more when it is gone.
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
          // An earlier attempt without an answer may have stored this very row before the other one came.
          const reason = "the same id is now in use for other data";
          call.reject(call.sent ? outcomeUnknown(call.requestId, reason) : new RequestIdConflictError(call.requestId));
        }
        return batch.filter((call) => !conflicting.has(call.requestId));
      }
      case "invalid":
        // An earlier attempt may have met a batcher that knows this version of the wire.
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
      // The first time no batcher is the usual case. Repeated absence means that something ends batchers: back off.
      if (attempt > 1) await delay(backOffMs(attempt, false));
    } else if (action.kind === "again") await delay(backOffMs(attempt, action.cap));
    else if (action.kind === "runSpent") await this.#askToRollOver(attempt);
    else if (action.kind === "bodyUnread") await delay(backOffMs(attempt, false));
    else if (action.kind === "overloaded") await delay(action.retryAfterMs * (0.5 + Math.random()));
  }

  async #askToRollOver(attempt: number): Promise<void> {
    // The first time it may be on its way to the next run by itself.
    if (attempt > 1 && performance.now() - this.#rollOverAskedAt >= ROLL_OVER_EVERY_MS) {
      this.#rollOverAskedAt = performance.now();
      try {
        const batcher = this.#batcher();
        await this.options.client.withDeadline(Date.now() + ATTEMPT_MS, () => batcher.signal(ROLL_OVER_SIGNAL));
      } catch {
        // Then the next try tells what is the matter.
      }
    }
    await delay(backOffMs(attempt, false));
  }
}

/** From which size on this client stores what it sends outside of the history. */
function storedFrom({ options }: Client): Pick<SubmissionHeader, "storedFromBytes"> {
  const bytes = storedFromBytes(options.loadedDataConverter);
  return bytes === undefined ? {} : { storedFromBytes: bytes };
}

/** A random whole number from 0 to 2^53 - 1: two deliveries that meet at one request id never have the same one. */
function newMark(): number {
  return randomInt(2 ** 21) * 2 ** 32 + randomInt(2 ** 32);
}

function dropAbandoned(batch: readonly PendingCall[]): readonly PendingCall[] {
  for (const call of batch) if (call.abandoned) call.drop();
  return batch.filter((call) => !call.abandoned);
}
