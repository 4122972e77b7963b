/**
 * Sends the lines of an input through a writer.
 *
 * @module
 */
import type { BatchWriter } from "../client/batch_writer.ts";
import { FAILURE, WriteError, WriteSubmissionFailedError } from "../protocol/failures.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Receipt } from "../protocol/write.ts";
import type { ReadWrite } from "./input.ts";
import { LineRoom } from "./line_room.ts";
import { LinesAhead } from "./lines_ahead.ts";
import type { Progress } from "./progress.ts";
import { until } from "./until.ts";
import type { WriteTally } from "./write_tally.ts";

/** Half of what a writer lets wait: no line is to find it full. */
const BYTES_AT_ONCE = LIMITS.waitingBytes / 2;

/** How lines are sent, and where it is told what became of them. */
export interface SendLinesOptions {
  readonly writer: Pick<BatchWriter, "write">;
  /** Lines under way at the same time. */
  readonly concurrency: number;
  /**
   * Gives up after so many rounds in a row without an answer in time. Lines that wait side by side are one round: they
   * may all be in one Update that is slow.
   */
  readonly stopAfter: number;
  readonly tally: WriteTally;
  /** Where outcomes are kept. */
  readonly receipts: { keep(outcome: object): Promise<void> };
  readonly progress: Pick<Progress, "add">;
  /** Ends the sending; what is under way is still waited for. */
  readonly signal: AbortSignal;
  /** Told at once what a person should know. */
  readonly say: (message: string) => void;
}

/** How the sending has ended. */
export interface SentLines {
  /** The last line that was sent, if there are others that were not. */
  readonly stoppedAfter?: number;
  /** Why the input could not be read on. */
  readonly badLine?: unknown;
  /** Why a receipt could not be kept. */
  readonly lostReceipt?: unknown;
}

/** Sends lines until their end, the signal, a bad line, a lost receipt, or too many rounds without an answer. */
export async function sendLines(source: AsyncIterable<ReadWrite>, options: SendLinesOptions): Promise<SentLines> {
  const { writer, concurrency, stopAfter, tally, receipts, progress, signal, say } = options;
  const gaveUp = new AbortController();
  const unkept = new AbortController();
  const stop = AbortSignal.any([signal, gaveUp.signal, unkept.signal]);
  const room = new LineRoom(BYTES_AT_ONCE);
  const ahead = new LinesAhead<ReadWrite>();
  const lines = room.admit(ahead.read(source));
  const underWay = new Set<Promise<void>>();
  let taken = 0;
  let lastLine = 0;
  let unansweredRounds = 0;
  let roundEndedAt = -Infinity;
  let badLine: unknown;
  let lostReceipt: unknown;

  const countTimeout = (startedAt: number) => {
    // A line that was on its way when the last round ended belongs to that one.
    if (startedAt < roundEndedAt) return;
    roundEndedAt = performance.now();
    unansweredRounds++;
    if (unansweredRounds !== stopAfter) return;
    say(`Stopping: ${stopAfter} rounds in a row got no answer in time`);
    gaveUp.abort(new WriteSubmissionFailedError("Not sent: the command has stopped", "not written"));
  };

  const outcomeOf = async ({ write, line }: ReadWrite): Promise<Receipt | object> => {
    const startedAt = performance.now();
    try {
      const receipt = await writer.write(write, { signal: gaveUp.signal });
      unansweredRounds = 0;
      tally.add(receipt, performance.now() - startedAt);
      return receipt;
    } catch (error) {
      if (!(error instanceof WriteError)) throw error;
      const { type, outcome, message } = error;
      if (tally.allAnswered) say(`Line ${line} (${write.requestId}): ${type}: ${message} (more failures are counted)`);
      tally.addFailure(write.requestId, line, error);
      if (type === FAILURE.WRITE_CONFIRMATION_TIMEOUT) countTimeout(startedAt);
      else unansweredRounds = 0;
      return { requestId: write.requestId, error: type, outcome, message };
    }
  };
  const send = async (line: ReadWrite) => {
    const outcome = await outcomeOf(line).finally(() => room.leave(line));
    try {
      await receipts.keep(outcome);
    } catch (error) {
      // No more lines are sent; what is under way is still waited for.
      lostReceipt ??= error;
      unkept.abort();
    }
    progress.add(1, "error" in outcome ? 1 : 0);
  };
  const lane = async () => {
    try {
      for await (const line of untilAborted(lines, stop)) {
        taken++;
        lastLine = Math.max(lastLine, line.line);
        const sending = send(line);
        underWay.add(sending);
        await sending.finally(() => underWay.delete(sending));
      }
    } catch (error) {
      // The generator ends for all; what is under way is still waited for.
      badLine ??= error;
    }
  };
  const sayStopping = () =>
    say(
      `Stopping: no more lines are sent. ${underWay.size} are under way and are waited for; ` +
        "Ctrl-C again leaves them, and they may be stored",
    );
  signal.addEventListener("abort", sayStopping, { once: true });
  const atEnd = Promise.all(Array.from({ length: concurrency }, lane)).then(() => !stop.aborted);
  // An input that is silent now may never send another line, and this lane would wait for it.
  const ended = await Promise.race([atEnd, until(stop).then(() => false)]);
  await Promise.allSettled(underWay);
  signal.removeEventListener("abort", sayStopping);
  return {
    ...(!ended && !ahead.endsAfter(taken) && { stoppedAfter: lastLine }),
    ...(badLine !== undefined && { badLine }),
    ...(lostReceipt !== undefined && { lostReceipt }),
  };
}

/** One generator for many consumers: none of them may close it for the others. */
async function* untilAborted<T>(shared: AsyncGenerator<T>, signal: AbortSignal): AsyncGenerator<T> {
  while (!signal.aborted) {
    const { done, value } = await shared.next();
    if (done || signal.aborted) return;
    yield value;
  }
}
