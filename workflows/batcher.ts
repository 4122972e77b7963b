/**
 * The batcher: admits writes, flushes them in batches and answers each Update with the receipts of its writes.
 *
 * This file is a shell of handlers, conditions and activity calls; what is admitted, flushed and answered is decided in
 * `src/core/group_commit.ts`.
 *
 * @module
 */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
  sleep,
  workflowInfo,
} from "@temporalio/workflow";
import { type Batch, GroupCommit, type Refusal } from "../src/core/group_commit.ts";
import { ledgersOf, LedgerView } from "../src/core/ledger_view.ts";
import { WriterLeases } from "../src/core/lanes.ts";
import { TaskBudget } from "../src/core/task_budget.ts";
import { restoreSnapshot, takeSnapshot } from "../src/core/snapshot.ts";
import {
  type ConflictDetails,
  FAILURE,
  type OverloadedDetails,
  shortMessage,
  type SinkFailedDetails,
} from "../src/protocol/failures.ts";
import {
  BATCHER_REVISION,
  type BatcherInput,
  type BatcherStats,
  type FlushHeader,
  type LedgerIdentity,
  type SubmissionHeader,
  type SubmitWritesAnswer,
  type SubmitWritesArgs,
  type UnreadBody,
  unreadBodyIn,
} from "../src/protocol/messages.ts";
import { LIMITS, SERVER_LIMITS } from "../src/protocol/limits.ts";
import {
  GET_STATS_QUERY,
  IS_REQUEST_PROCESSED_QUERY,
  ROLL_OVER_SIGNAL,
  SUBMIT_WRITES_UPDATE,
} from "../src/protocol/names.ts";
import { resolveBatchingOptions, type ResolvedBatchingOptions } from "../src/protocol/options.ts";
import type { WriteReceipt } from "../src/protocol/receipt_runs.ts";
import { ignoreCancellation } from "./cancellation.ts";
import { StoredBodies } from "./stored_bodies.ts";
import { flushActivities } from "./activity_proxies.ts";
import { changedLedger, LedgerSplit, LedgerWatch } from "./ledger_watch.ts";
import { watchRepeats } from "./watch_repeats.ts";

/** Hands writes in; answered with their receipts after the flush that stored them. */
export const submitWritesUpdate = defineUpdate<SubmitWritesAnswer, SubmitWritesArgs>(SUBMIT_WRITES_UPDATE);

/** Asks for a roll over. A run at its limit of Updates gets no workflow task in which it could see that limit itself. */
export const rollOverSignal = defineSignal(ROLL_OVER_SIGNAL);

/** Counters and limits. */
export const getStatsQuery = defineQuery<BatcherStats>(GET_STATS_QUERY);

/** Whether this batcher remembers a request id as stored. `false` says nothing: the ledger knows more. */
export const isRequestProcessedQuery = defineQuery<boolean, [requestId: string]>(IS_REQUEST_PROCESSED_QUERY);

/** Flushes that a roll over waits for a moment without pending writes before it turns new writes away. */
const ROLL_OVER_PATIENCE_FLUSHES = 8;

/** Admits, flushes and answers writes, and continues as new when the server suggests it. Runs until it is terminated or, above the first lane, idle. */
export async function batcher(input: BatcherInput = {}): Promise<void> {
  const options = resolve(input.options);
  const { generation, settled, writers, ledger } = restore(input.snapshot);
  const view = new LedgerView(ledger);
  const leases = new WriterLeases(options.writersMax, options.writerLeaseMs, writers);
  // A run keeps to the commands with which its history began.
  const { revision = 0 } = input;
  const budgeted = revision >= 1;
  const budget = new TaskBudget(budgeted ? LIMITS.taskOwnBytesMax : Infinity);
  const commit = new GroupCommit(options, settled, leases, budget);
  const stored = new StoredBodies();
  const flushed = { fast: 0, durable: 0, failed: 0 };

  setHandler(submitWritesUpdate, async (header: SubmissionHeader, body: Uint8Array): Promise<SubmitWritesAnswer> => {
    requireRead(header, body);
    stored.admit(header, body);
    commit.historyBytes = workflowInfo().historySize;
    const ticket = commit.admit(header, body, Date.now());
    await condition(() => ticket.answer !== undefined);
    commit.leave(header, Date.now());
    return { runs: ticket.answer! };
  }, {
    validator: (header: SubmissionHeader, body: Uint8Array) => {
      const unread = unreadBodyIn(header, body);
      if (unread) throw asUnreadFailure(unread);
      const refusal = commit.refusal(header, body, Date.now(), workflowInfo().historySize);
      if (refusal) throw asFailure(refusal);
    },
  });
  let rollOverAsked = false;
  setHandler(rollOverSignal, () => {
    rollOverAsked = true;
  });
  setHandler(isRequestProcessedQuery, (requestId) => commit.settled.get(requestId) !== undefined);
  setHandler(getStatsQuery, () => ({
    pendingWrites: commit.pendingWrites,
    pendingBytes: commit.pendingBytes,
    ...commit.counters,
    fastFlushes: flushed.fast,
    durableFlushes: flushed.durable,
    failedFlushes: flushed.failed,
    rememberedWrites: settled.size,
    writers: leases.count(Date.now()),
    generation,
    continueAsNewSuggested: workflowInfo().continueAsNewSuggested,
    historyLength: workflowInfo().historyLength,
    limits: options,
    ledger: view.current,
    ledgerSplit: view.split,
  }));

  const answers = input.endsWhenIdle ? LIMITS.ledgerAnswersOfLane : LIMITS.ledgerAnswers;
  const { flush, watch } = makeFlush(commit, options, flushed, view, { revision, answers });
  const isLong = () => budgeted && workflowInfo().historySize >= LIMITS.rollOverBytesMax;
  const rollOverDue = () => workflowInfo().continueAsNewSuggested || isLong() || stored.rollOverDue || rollOverAsked;
  const hasWork = () => commit.hasQueued || commit.withholdsAnswers;
  const isTooLong = () => budgeted && workflowInfo().historySize >= LIMITS.rollOverAtOnceBytes;
  // Wait for answers and parts that are on their way, but not indefinitely: a writer sends its parts again to the next run.
  const isAwaited = () => watch.comparing || commit.awaitsParts(Date.now());
  const mayRollOver = () => rollOverDue() && (rollOverAsked || isTooLong() || !isAwaited());
  let isOver = false;
  if (input.endsWhenIdle) {
    // Only for what is started with this option: histories of before have no such timer.
    void untilIdle(commit, options.writerLeaseMs).then(() => {
      isOver = true;
    }, ignoreCancellation);
  }
  for (let sinceDue = 0;;) {
    if (!hasWork() && !mayRollOver() && !isOver) commit.endTask();
    await condition(() => hasWork() || mayRollOver() || isOver);
    if (commit.withholdsAnswers) {
      await nextTask(commit);
      continue;
    }
    if (commit.hasQueued) {
      await gather(commit, options);
      await flush();
      // What holds up the roll over must not keep writes out.
      if (!watch.comparing && (isLong() || rollOverDue() && ++sinceDue >= ROLL_OVER_PATIENCE_FLUSHES)) commit.close();
      if (hasWork() || !mayRollOver()) continue;
    }
    // A handler that waits for writes in the queue can finish only after their flush.
    await condition(() => allHandlersFinished() || hasWork());
    if (hasWork()) continue;
    // The server refuses an Update that comes while the run ends, and its writer starts the batcher again.
    if (isOver) return;
    if (!mayRollOver()) continue;
    if (!budget.fits(LIMITS.snapshotBytesMax)) {
      await nextTask(commit);
      continue;
    }
    const parts = { generation: generation + 1, settled, writers: leases.snapshot(), ledger: view.snapshot() };
    const snapshot = takeSnapshot(parts);
    const { endsWhenIdle } = input;
    const next = { options, snapshot, revision: BATCHER_REVISION, ...(endsWhenIdle && { endsWhenIdle }) };
    await continueAsNew<typeof batcher>(next);
  }
}

/** Waits until no writer has a place any more, and nothing is pending. It looks once in a lease, so as not to fill the history. */
async function untilIdle(commit: GroupCommit, leaseMs: number): Promise<void> {
  const isIdle = (nowMs: number) =>
    commit.pendingWrites === 0 && !commit.awaitsParts(nowMs) && commit.writers.count(nowMs) === 0;
  do await sleep(leaseMs); while (!isIdle(Date.now()));
}

/** Waits for writers of other processes, so that they meet in one flush. */
async function gather(commit: GroupCommit, { gatherMs }: ResolvedBatchingOptions): Promise<void> {
  if (gatherMs === 0 || commit.hasFullBatch) return;
  const gathered = condition(() => commit.hasFullBatch, gatherMs);
  commit.endTask();
  await gathered;
}

/** The shortest wait there is: a timer that fires at once, in a workflow task of its own. */
const NEXT_TASK_MS = 1;

/** Ends the workflow task, as it is full, and goes on in the next one: that of the next Update, or of a timer. */
async function nextTask(commit: GroupCommit): Promise<void> {
  const { admittedUpdates } = commit.counters;
  const begun = condition(() => commit.counters.admittedUpdates > admittedUpdates, NEXT_TASK_MS);
  commit.endTask();
  await begun;
  commit.historyBytes = workflowInfo().historySize;
  commit.beginTask();
}

function resolve(options: BatcherInput["options"]): ResolvedBatchingOptions {
  try {
    return resolveBatchingOptions(options);
  } catch (error) {
    throw ApplicationFailure.nonRetryable(shortMessage(error), FAILURE.INVALID_OPTIONS);
  }
}

function restore(snapshot: BatcherInput["snapshot"]): ReturnType<typeof restoreSnapshot> {
  try {
    return restoreSnapshot(snapshot);
  } catch (error) {
    throw ApplicationFailure.nonRetryable(shortMessage(error), FAILURE.UNKNOWN_SNAPSHOT_VERSION);
  }
}

/**
 * An admitted Update was read when it was admitted. If a replay cannot read it again, the task must fail, and the next
 * one tries again: to go on without the body would be another history.
 */
function requireRead(...args: SubmitWritesArgs): void {
  const unread = unreadBodyIn(...args);
  if (unread) throw new Error(`Cannot replay: ${unread.message}`);
}

function asUnreadFailure({ unreadBody: problem, message }: UnreadBody): ApplicationFailure {
  switch (problem) {
    case "missing":
      return ApplicationFailure.nonRetryable(message, FAILURE.BODY_MISSING);
    case "unreadable":
      return ApplicationFailure.retryable(message, FAILURE.BODY_UNREADABLE);
    case "unconfigured":
      return ApplicationFailure.nonRetryable(message, FAILURE.BODY_STORAGE_UNCONFIGURED);
  }
}

function asFailure(refusal: Refusal): ApplicationFailure {
  const { type } = refusal;
  switch (type) {
    case FAILURE.INVALID_WRITE:
      return ApplicationFailure.nonRetryable(`Cannot admit as ${refusal.problem}`, type);
    case FAILURE.REQUEST_ID_CONFLICT: {
      const details: ConflictDetails = { requestIds: refusal.requestIds };
      const message = `Cannot admit as ${refusal.requestIds.length} request ids are in use for other data`;
      return ApplicationFailure.nonRetryable(message, type, details);
    }
    case FAILURE.ALREADY_COMMITTED: {
      const details: SubmitWritesAnswer = { runs: refusal.runs };
      return ApplicationFailure.nonRetryable(
        "Every write is stored already; the details are its receipts",
        type,
        details,
      );
    }
    case FAILURE.LANE_FULL:
      return ApplicationFailure.retryable(
        `Cannot admit as ${refusal.writersMax} other writers have a place here`,
        type,
      );
    case FAILURE.WRITER_BUSY: {
      const details: OverloadedDetails = { retryAfterMs: refusal.retryAfterMs };
      return ApplicationFailure.retryable("Cannot admit now: an Update of this writer is in flight", type, details);
    }
    case FAILURE.PARTS_MISSING:
      return ApplicationFailure.retryable(
        `Cannot admit part ${refusal.part} as the parts before it are not here: begin with the first`,
        type,
      );
    case FAILURE.OVERLOADED: {
      const details: OverloadedDetails = { retryAfterMs: refusal.retryAfterMs };
      return ApplicationFailure.retryable(`Cannot admit now: ${refusal.reason}`, type, details);
    }
  }
}

/** New workflow tasks that one flush waits for: as many as there can be answers in front of it. */
const TASKS_PER_FLUSH_MAX = LIMITS.writersMax + LIMITS.newcomersMax;

/** A worker may be away for one of them, or by chance get none of its questions. */
const COMPARISONS_AFTER_CHANGE = 3;

/** Upper bound of the failure of a local activity: its message is short, its stack trace is the SDK's. */
const FAILURE_BYTES = 8 * 1024;

/** Upper bound of a flush of nothing: the workflow id is in its batch id. */
const QUESTION_BYTES = 2 * SERVER_LIMITS.workflowIdCharsMax;

/** One flush after the other: a fast attempt, and a durable one where that fails. */
function makeFlush(
  commit: GroupCommit,
  options: ResolvedBatchingOptions,
  flushed: { fast: number; durable: number; failed: number },
  view: LedgerView,
  compares: { readonly revision: number; readonly answers: number },
): { readonly flush: () => Promise<void>; readonly watch: LedgerWatch } {
  const { fast, durable, ask } = flushActivities(options);
  const mayRepeat = watchRepeats();
  const { workflowId, runId } = workflowInfo();
  // The first 48 bits tell the runs of one batcher apart: they are the run's start in milliseconds, or random.
  const batchIdPrefix = `${workflowId}/${runId.replaceAll("-", "").slice(0, 12)}`;
  // After a failure the fast attempt would only hold up admission; the durable one finds out when the sink is back.
  let trustFast = true;

  /** Whether an attempt of the present batch may have stored it. */
  let mayBeStored = false;

  async function askAround(times: number): Promise<LedgerIdentity[]> {
    const question = { batchId: batchIdPrefix, pieces: [] };
    return ledgersOf(await Promise.allSettled(Array.from({ length: times }, () => ask.flushBatch(question))));
  }
  const watch = new LedgerWatch(view, {
    askAround,
    endTask: () => commit.endTask(),
    forget: () => commit.settled.clear(),
  }, compares.revision);
  let compareAtMs = compares.revision < 2 || view.compared ? Infinity : 0;
  let comparisonsLeft = 1;

  /** Has other workers confirm the ledger that the worker of a flush has. Callers do not wait for it. */
  async function compareLedgers(): Promise<void> {
    comparisonsLeft--;
    compareAtMs = comparisonsLeft > 0 ? Date.now() + LIMITS.ledgerSplitMs : Infinity;
    const { budget } = commit;
    const bytes = compares.answers * (QUESTION_BYTES + LIMITS.messageFrameBytes);
    for (let tasks = 0; tasks < TASKS_PER_FLUSH_MAX && !budget.fits(bytes); tasks++) await nextTask(commit);
    budget.spend(bytes);
    void watch.compare(compares.answers);
  }

  function answerLimits({ storedFromBytes }: Batch): Pick<FlushHeader, "answerBytesMax" | "storedAnswerBytesMax"> {
    commit.historyBytes = workflowInfo().historySize;
    const { answerBytesMax } = commit;
    return storedFromBytes === undefined
      ? { answerBytesMax }
      : { answerBytesMax, storedAnswerBytesMax: LIMITS.storedAnswerBytesMax };
  }

  async function attempts(batch: Batch): Promise<void> {
    const { budget } = commit;
    if (trustFast) {
      const header = {
        ...batch.header,
        ...(mayRepeat() && { mayRepeat: true }),
        ...answerLimits(batch),
      };
      try {
        const answer = await fast.flushBatch(header, ...batch.bodies);
        view.seen(answer.ledger);
        commit.settle(batch, answer, "marker");
        flushed.fast++;
        return;
      } catch (error) {
        budget.spend(FAILURE_BYTES);
        const changed = changedLedger(error);
        if (changed) {
          mayBeStored ||= changed.wrote !== "no";
          throw error;
        }
        const known = certainFailure(error, batch.header.batchId);
        if (known && !mayBeStored) {
          commit.settleAll(batch, known);
          flushed.failed++;
          return;
        }
        trustFast = false;
      }
    }
    for (let tasks = 0; tasks < TASKS_PER_FLUSH_MAX && !budget.fits(batch.inputBytes); tasks++) await nextTask(commit);
    const header = { ...batch.header, ...answerLimits(batch) };
    mayBeStored = true;
    const flushing = durable.flushBatch(header, ...batch.bodies);
    commit.endTask();
    const answer = await flushing;
    view.seen(answer.ledger);
    commit.settle(batch, answer);
    flushed.durable++;
    trustFast = true;
  }

  const flush = async () => {
    const batchId = `${batchIdPrefix}/${commit.counters.flushes + 1}`;
    // Answers that were withheld go first, so one new task may not be enough.
    for (let tasks = 0; tasks < TASKS_PER_FLUSH_MAX && !commit.hasRoomFor(batchId); tasks++) await nextTask(commit);
    const batch = commit.take(batchId);
    mayBeStored = false;
    const known = view.current;
    try {
      await watch.run((ledger) => attempts({ ...batch, header: { ...batch.header, ...(ledger && { ledger }) } }));
    } catch (error) {
      flushed.failed++;
      const notWritten = error instanceof LedgerSplit && !mayBeStored;
      commit.settleAll(batch, {
        status: notWritten ? "failed" : "unknown",
        batchId: batch.header.batchId,
        errorType: notWritten ? FAILURE.LEDGER_SPLIT : FAILURE.WRITE_OUTCOME_UNKNOWN,
        errorMessage: shortMessage(rootCause(error)),
      });
    }
    // Workers of the ledger before may only have been restarting when all others named the new one.
    const adopted = known !== undefined && !view.knows(known);
    if (adopted && compares.revision >= 3) {
      compareAtMs = Date.now() + LIMITS.ledgerSplitMs;
      comparisonsLeft = COMPARISONS_AFTER_CHANGE;
    }
    // During a split each flush asks by itself.
    const mayCompare = view.current !== undefined && !view.split && !watch.comparing;
    if (mayCompare && Date.now() >= compareAtMs) await compareLedgers();
  };
  return { flush, watch };
}

/** The receipt for writes that the only attempt certainly did not store and that no retry can store. */
function certainFailure(error: unknown, batchId: string): WriteReceipt | undefined {
  const cause = rootCause(error);
  if (!(cause instanceof ApplicationFailure) || !cause.nonRetryable || cause.type !== FAILURE.SINK_FAILED) {
    return undefined;
  }
  if ((cause.details?.[0] as SinkFailedDetails | undefined)?.wrote !== "no") return undefined;
  return {
    status: "failed",
    batchId,
    errorType: FAILURE.DATABASE_WRITE_FAILED,
    errorMessage: shortMessage(cause),
  };
}

function rootCause(error: unknown): unknown {
  return error instanceof ActivityFailure ? error.cause ?? error : error;
}
