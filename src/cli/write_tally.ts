/**
 * What came of many writes, in a few numbers.
 *
 * @module
 */
import { build as buildHistogram } from "hdr-histogram-js";
import type { BatchWriterStats } from "../client/batch_writer.ts";
import type { WriteError } from "../protocol/failures.ts";
import type { Receipt } from "../protocol/write.ts";
import { shownLine } from "./shown_text.ts";

/** How many failures are shown one by one. */
const FAILURES_SHOWN_MAX = 5;

/** Counts receipts and errors. */
export class WriteTally {
  readonly #counts = { committed: 0, duplicate: 0, rejected: 0 };
  readonly #errors = new Map<string, number>();
  readonly #shown: string[] = [];
  readonly #waitsMs = buildHistogram();
  readonly #startedAt = performance.now();

  /** Counts a receipt. */
  add(receipt: Receipt, waitMs: number): void {
    this.#counts[receipt.status]++;
    this.#waitsMs.recordValue(Math.round(waitMs));
    if (receipt.status === "rejected") {
      this.#show(`${receipt.requestId}  rejected: ${receipt.errorType}: ${receipt.errorMessage}`);
    }
  }

  /** Counts an error. */
  addFailure(requestId: string, error: WriteError): void {
    const kind = `${error.type} (${error.outcome})`;
    this.#errors.set(kind, (this.#errors.get(kind) ?? 0) + 1);
    this.#show(`${requestId}  ${error.type}: ${error.message}`);
  }

  #show(line: string): void {
    if (this.#shown.length < FAILURES_SHOWN_MAX) this.#shown.push(`  ${shownLine(line)}`);
  }

  /** Writes that are in the ledger. */
  get stored(): number {
    return this.#counts.committed + this.#counts.duplicate;
  }

  /** Whether every write is in the ledger. */
  get allStored(): boolean {
    return this.#counts.rejected === 0 && this.#errors.size === 0;
  }

  /** A few lines for people. */
  summary({ updates, answeredWrites }: BatchWriterStats): string {
    const { committed, duplicate, rejected } = this.#counts;
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const lines = [
      `${committed} committed, ${duplicate} duplicate, ${rejected} rejected` +
      [...this.#errors].map(([kind, count]) => `, ${count} ${kind}`).join(""),
      `${seconds.toFixed(1)} s, ${Math.round((this.stored + rejected) / seconds)} rows/s, ` +
      `${updates} Updates, ${Math.round(answeredWrites / Math.max(1, updates))} rows each`,
    ];
    if (this.stored > 0) {
      const at = (percentile: number) => this.#waitsMs.getValueAtPercentile(percentile);
      lines.push(`A row's wait: p50 ${at(50)} ms, p95 ${at(95)} ms, p99 ${at(99)} ms`);
    }
    return [...lines, ...this.#shown].join("\n");
  }
}
