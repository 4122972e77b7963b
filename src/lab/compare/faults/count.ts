/**
 * What callers were told against what the database holds.
 *
 * @module
 */
import type { FaultCounts } from "../report_data.ts";
import type { Told } from "../variant.ts";

/** What one caller was told; `none`: it was still waiting at the end, long after its own limit. */
export type Answer = Told | { readonly kind: "none" };

/** One write, and what was said about it. */
export interface WriteRecord {
  /** The field `key` of its data. */
  readonly key: string;
  /** What its callers were told, in order: more than one where the fault is that it is asked for again. */
  readonly answers: readonly Answer[];
  /** What was answered when the same request was sent again, as a caller was told that this is safe. */
  readonly proof?: Answer;
}

/**
 * Compares what callers were told with the rows of their writes.
 *
 * - A write is lost if a caller was told "done" and there is no row.
 * - It is a phantom if no caller was told "done", one was told "failed", and there is a row. Being told "unknown, the same
 *   request again is safe" is told the truth if that holds: where the same request again does not end as done, a row is a
 *   phantom here too. A caller that was told nothing was told no untruth; it is counted as failed.
 *
 * @param rows Rows by key; a key without rows is left out.
 */
export function countWrites(records: readonly WriteRecord[], rows: ReadonlyMap<string, number>): FaultCounts {
  let phantom = 0, lost = 0, double = 0, failed = 0, unknown = 0;
  for (const { key, answers, proof } of records) {
    const stored = rows.get(key) ?? 0;
    const all = proof === undefined ? answers : [...answers, proof];
    const done = all.some(({ kind }) => kind === "done");
    const denied = all.some(({ kind }) => kind === "failed" || kind === "unknown");
    if (done && stored === 0) lost++;
    if (!done && denied && stored > 0) phantom++;
    double += Math.max(0, stored - 1);
    failed += answers.filter(({ kind }) => kind !== "done").length;
    unknown += answers.filter(({ kind }) => kind === "unknown").length;
  }
  return { writes: records.length, phantom, lost, double, callers_failed: failed, told_unknown: unknown };
}

/**
 * Says in words how many callers were told what. Of those that were told the same type of failure it gives the first one's
 * text, without the ids in it.
 */
export function sayAnswers(answers: readonly Answer[]): string {
  const groups = new Map<string, Answer[]>();
  for (const answer of answers) {
    const kind = "errorType" in answer ? `${answer.kind} ${answer.errorType}` : answer.kind;
    groups.set(kind, [...groups.get(kind) ?? [], answer]);
  }
  const parts = [...groups.values()].map((group) => {
    const who = group.length === answers.length ? `all ${group.length} callers were` : `${group.length} of ` +
      `${answers.length} callers ${group.length === 1 ? "was" : "were"}`;
    return `${who} told ${wordsOf(group[0])}`;
  });
  return parts.join(", ");
}

const QUOTED = /"[^"]*"/g;

function wordsOf(answer: Answer): string {
  switch (answer.kind) {
    case "done":
      return '"done"';
    case "none":
      return "nothing, long after their own limit";
    case "unknown":
    case "failed":
      return `"${answer.kind}" (${answer.errorType}: ${answer.message.replaceAll(QUOTED, '"…"')})`;
  }
}
