/**
 * What came of many transactions, in a few numbers.
 *
 * @module
 */
import { build as buildHistogram, type Histogram } from "hdr-histogram-js";
import { shownLine } from "../worker/shown_line.ts";
import { failedKind, OutcomeCounts } from "./outcome_counts.ts";
import type { TransactionOutcome } from "./transactions.ts";

/** How many failures are shown one by one. */
const FAILURES_SHOWN_MAX = 5;

/** Counts outcomes and keeps a histogram of the callers' waits. */
export class TransactionTally {
  /** What became of the writes; those of signal transactions that succeeded are not among them. */
  readonly counts = new OutcomeCounts();
  /** Signal transactions that succeeded: they are told no more than that. */
  confirmed = 0;
  /** The first failures, a line each. */
  readonly failures: string[] = [];
  /** Request ids of the writes that are stored, by what the callers were told. */
  readonly storedIds = new Set<string>();
  readonly #waitsMs: Histogram = buildHistogram();

  /** Counts one outcome. */
  add(outcome: TransactionOutcome): void {
    if (!("stored" in outcome)) {
      this.counts.add(failedKind(outcome.errorType, outcome.outcome));
      if (this.failures.length < FAILURES_SHOWN_MAX) this.failures.push(lineOf(outcome));
      return;
    }
    const { status, requestId, waitMs } = outcome.stored;
    if (status === "confirmed") this.confirmed++;
    else this.counts.add(status);
    this.storedIds.add(requestId);
    this.#waitsMs.recordValue(Math.max(0, Math.round(waitMs)));
  }

  /** Transactions that succeeded. */
  get succeeded(): number {
    return this.counts.stored + this.confirmed;
  }

  /** Transactions that have ended. */
  get ended(): number {
    return this.counts.total + this.confirmed;
  }

  /** A caller's wait at a percentile, in milliseconds. */
  waitMs(percentile: number): number {
    return this.#waitsMs.getValueAtPercentile(percentile);
  }
}

/** One line about one transaction. */
export function lineOf(outcome: TransactionOutcome): string {
  const id = outcome.write.requestId;
  if (!("stored" in outcome)) {
    const { errorType, errorMessage } = outcome;
    return shownLine(`${failedKind(errorType, outcome.outcome).padEnd(9)}  ${id}  ${errorType}: ${errorMessage}`);
  }
  const { status, batchId, waitMs } = outcome.stored;
  return shownLine(`${status.padEnd(9)}  ${id}  batch ${batchId}  ${waitMs} ms`);
}
