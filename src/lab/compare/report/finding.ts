/**
 * What a report has found.
 *
 * @module
 */

/** A sentence, and whether it speaks for Updates, against them, or for neither. */
export interface Finding {
  readonly text: string;
  /** More figures of the same. */
  readonly detail?: string;
  readonly tone: "good" | "bad" | "plain";
}
