/**
 * What a ledger says about itself, and whether a batch may go into it.
 *
 * @module
 */

import { applyNameProblem } from "../protocol/check.ts";
import type { LedgerIdentity } from "../protocol/messages.ts";
import { shellFlag } from "../protocol/shell_flag.ts";
import { LedgerChangedError, SinkError } from "./sink.ts";

/** The ledger's row about itself. */
export interface LedgerRow extends LedgerIdentity {
  /** The effect that its rows went through, `null` for none. */
  readonly applyName: string | null;
}

/**
 * Checks the name of a sink's effect.
 *
 * @returns The name, `null` for a sink without `apply`.
 * @throws {SinkError} If `apply` has no name, or a name no `apply`, or it is out of its bounds.
 */
export function resolveApplyName(apply: unknown, applyName: unknown): string | null {
  if (apply === undefined && applyName === undefined) return null;
  const problem = apply === undefined
    ? "'applyName' names what 'apply' does: leave it out, or give 'apply'"
    : applyName === undefined
    ? "'apply' needs an 'applyName': the ledger keeps it, and refuses workers with another effect or none"
    : applyNameProblem(applyName);
  if (problem === undefined) return applyName as string;
  throw new SinkError("setup", "no", `Cannot open the sink as ${problem}`);
}

/** @throws {SinkError} If the name that a ledger is to have is out of its bounds. */
export function checkNewName(applyName: string): void {
  const problem = applyNameProblem(applyName);
  if (problem !== undefined) throw new SinkError("setup", "no", `Cannot change the effect of a ledger as ${problem}`);
}

/**
 * Makes sure that a batch may go into a ledger.
 *
 * @param applyName That of the sink.
 * @param wanted The ledger that the batch is for, if it is for one.
 * @throws {SinkError} If the ledger's rows go through another effect.
 * @throws {LedgerChangedError} If it is another ledger.
 */
export function checkLedger(
  row: LedgerRow,
  applyName: string | null,
  wanted: LedgerIdentity | undefined,
  description: string,
): void {
  const { identity, epoch } = row;
  if (wanted !== undefined && (wanted.identity !== identity || wanted.epoch !== epoch)) {
    throw new LedgerChangedError({ identity, epoch }, description);
  }
  if (row.applyName !== applyName) {
    throw new SinkError("setup", "no", otherEffect(row.applyName, applyName, description));
  }
}

function otherEffect(kept: string | null, given: string | null, description: string): string {
  const shown = (name: string | null) => name === null ? "no effect" : `the effect ${JSON.stringify(name)}`;
  return `Cannot use ${description} as its rows go through ${shown(kept)} and those of this sink through ` +
    `${
      shown(given)
    }: open it with that effect ('into', or 'apply' and 'applyName'; of a worker --into or --apply), or ` +
    `change it on purpose: deno task sink migrate ${given === null ? "--no-apply" : shellFlag("--apply-name", given)}`;
}

/** The message for a sink with `apply` whose ledger has rows but no name: it is not known which effect they had. */
export function unnamedRows(applyName: string, description: string): SinkError {
  const message =
    `Cannot use ${description} as it has rows, and no name of the effect that they went through: if it is ` +
    `this one, say so with: deno task sink migrate ${shellFlag("--apply-name", applyName)}`;
  return new SinkError("setup", "no", message);
}

/**
 * What to say of a ledger that does not say which one it is.
 *
 * @param applyName The effect that its rows go through, if it still says that. Else nobody but a person knows.
 */
export function noLedgerRow(description: string, applyName: string | null = null): SinkError {
  const message = applyName === null
    ? `Cannot use ${description} as its identity is gone, and with it the name of its effect: run ` +
      "'deno task sink migrate' with --apply-name NAME, or with --no-apply if its rows went through none"
    : `Cannot use ${description} as its identity is gone. Its rows go through the effect ` +
      `${JSON.stringify(applyName)}: run 'deno task sink migrate' without --apply-name and --no-apply`;
  return new SinkError("setup", "no", message);
}
