/**
 * What became of many writes, in the words that every command uses.
 *
 * @module
 */
import { type FailedOutcome, FAILURE } from "../protocol/failures.ts";

/**
 * What became of one write. Of those without a receipt, `failed` and `conflict` are certainly not written, and `unknown`
 * may be.
 */
export type OutcomeKind = "committed" | "duplicate" | "rejected" | "conflict" | "failed" | "unknown";

/** What became of a write whose call, or transaction, failed. */
export function failedKind(type: string, outcome: FailedOutcome): OutcomeKind {
  if (outcome === "unknown") return "unknown";
  if (type === FAILURE.WRITE_REJECTED) return "rejected";
  return type === FAILURE.REQUEST_ID_CONFLICT ? "conflict" : "failed";
}

/** Counts writes by what became of them. */
export class OutcomeCounts {
  readonly #counts: Record<OutcomeKind, number> = {
    committed: 0,
    duplicate: 0,
    rejected: 0,
    conflict: 0,
    failed: 0,
    unknown: 0,
  };

  /** Counts one write. */
  add(kind: OutcomeKind): void {
    this.#counts[kind]++;
  }

  /** Writes that became this. */
  of(kind: OutcomeKind): number {
    return this.#counts[kind];
  }

  /** All that were counted. */
  get total(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
  }

  /** Those of which the caller was told that they are in the ledger. */
  get stored(): number {
    return this.of("committed") + this.of("duplicate");
  }

  /** All counts, for people. */
  toString(): string {
    const { committed, duplicate, rejected, conflict, failed, unknown } = this.#counts;
    return `${committed} committed, ${duplicate} duplicate, ${rejected} rejected, ${conflict} conflicts, ` +
      `${failed} failed, ${unknown} unknown`;
  }
}
