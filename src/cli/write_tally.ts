/**
 * What came of many writes, in a few numbers.
 *
 * @module
 */
import { build as buildHistogram } from "hdr-histogram-js";
import type { BatchWriterStats } from "../client/batch_writer.ts";
import type { WriteError } from "../protocol/failures.ts";
import type { Receipt } from "../protocol/write.ts";
import { shownLine } from "../worker/shown_line.ts";
import { LineRanges } from "./line_ranges.ts";
import { failedKind, OutcomeCounts } from "./outcome_counts.ts";

/** How many failures are shown one by one. */
const FAILURES_SHOWN_MAX = 5;

/** Counts receipts and errors. */
export class WriteTally {
  readonly #counts = new OutcomeCounts();
  /** How often each type of error came. */
  readonly #errors = new Map<string, number>();
  readonly #shown: string[] = [];
  readonly #unknown = new LineRanges();
  readonly #failed = new LineRanges();
  readonly #waitsMs = buildHistogram();
  readonly #startedAt = performance.now();

  /** Counts a receipt. */
  add(receipt: Receipt, waitMs: number): void {
    this.#counts.add(receipt.status);
    this.#waitsMs.recordValue(Math.round(waitMs));
    if (receipt.status === "rejected") {
      this.#show(`${receipt.requestId}  rejected: ${receipt.errorType}: ${receipt.errorMessage}`);
    }
  }

  /** Counts an error. */
  addFailure(requestId: string, line: number, error: WriteError): void {
    const became = failedKind(error.type, error.outcome);
    this.#counts.add(became);
    if (became === "unknown") this.#unknown.add(line);
    if (became === "failed") this.#failed.add(line);
    const kind = `${error.type} (${error.outcome})`;
    this.#errors.set(kind, (this.#errors.get(kind) ?? 0) + 1);
    this.#show(`${requestId}  ${error.type}: ${error.message}`);
  }

  #show(line: string): void {
    if (this.#shown.length < FAILURES_SHOWN_MAX) this.#shown.push(`  ${shownLine(line)}`);
  }

  /** Whether every write so far got a receipt. */
  get allAnswered(): boolean {
    return this.#errors.size === 0;
  }

  /** Writes that are in the ledger. */
  get stored(): number {
    return this.#counts.stored;
  }

  /** Whether every write is in the ledger. */
  get allStored(): boolean {
    return this.#counts.stored === this.#counts.total;
  }

  /** What became of the writes, in one clause. */
  get fates(): string {
    const { stored, total } = this.#counts;
    const unknown = this.#counts.of("unknown");
    return `${stored} stored, ${total - stored - unknown} not stored, ${unknown} unknown`;
  }

  /** A few lines for people. */
  summary({ updates, answeredWrites }: BatchWriterStats): string {
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const lines = [
      `${this.#counts}`,
      `${seconds.toFixed(1)} s, ${Math.round((this.stored + this.#counts.of("rejected")) / seconds)} rows/s, ` +
      `${updates} Updates, ${Math.round(answeredWrites / Math.max(1, updates))} rows each`,
    ];
    if (this.stored > 0) {
      const at = (percentile: number) => this.#waitsMs.getValueAtPercentile(percentile);
      lines.push(`A row's wait: p50 ${at(50)} ms, p95 ${at(95)} ms, p99 ${at(99)} ms`);
    }
    if (this.#errors.size > 0) lines.push([...this.#errors].map(([kind, count]) => `${count} ${kind}`).join(", "));
    lines.push(...this.#shown);
    if (!this.#unknown.isEmpty) lines.push(`May be stored: ${this.#unknown}`);
    if (!this.#failed.isEmpty) lines.push(`Not stored:    ${this.#failed}`);
    return lines.join("\n");
  }
}
