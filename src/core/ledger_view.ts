/**
 * What a batcher knows of the ledger behind its workers, and whether they all have the same one.
 *
 * @module
 */
import { LIMITS } from "../protocol/limits.ts";
import type { LedgerIdentity, LedgerSnapshot } from "../protocol/messages.ts";

/**
 * What a batcher makes of workers that name a ledger: it is the one that it knows, in a new epoch; it is another one and
 * is taken over; or the workers do not have the same one.
 */
export type LedgerVerdict = "renewed" | "adopted" | "split";

/**
 * Follows the ledger of a batcher.
 *
 * A batch goes only into the ledger that the batcher knows. Another one is taken over when all workers that are asked
 * name it. One that was given up before and comes back is the sign of two workers with different ledgers that run in turn.
 * Then, and when the answers differ, nothing is stored for a while.
 */
export class LedgerView {
  #current: LedgerIdentity | undefined;
  #givenUp: readonly string[];
  #splitUntilMs: number | undefined;
  /** Whether other workers were asked since the ledger is known, in this run or in one before. */
  compared: boolean;

  /** @param snapshot What the run before knew. */
  constructor(snapshot?: LedgerSnapshot) {
    this.#current = snapshot && { identity: snapshot.identity, epoch: snapshot.epoch };
    this.#givenUp = snapshot?.givenUp ?? [];
    this.compared = snapshot?.compared ?? false;
  }

  /** The ledger that batches go into, once a flush has named it. */
  get current(): LedgerIdentity | undefined {
    return this.#current;
  }

  /** Whether workers have different ledgers, as far as is known. */
  get split(): boolean {
    return this.#splitUntilMs !== undefined;
  }

  /** Whether it is too early to ask the workers again. */
  mustWait(nowMs: number): boolean {
    return this.#splitUntilMs !== undefined && nowMs < this.#splitUntilMs;
  }

  /** A flush was answered: the first one names the ledger. */
  seen(ledger: LedgerIdentity | undefined): void {
    this.#current ??= ledger;
  }

  /** Whether this is the known ledger, in whatever epoch. */
  knows({ identity }: LedgerIdentity): boolean {
    return identity === this.#current?.identity;
  }

  /** Judges what workers name, one answer or more, the newest last. */
  judge(answers: readonly LedgerIdentity[], nowMs: number): LedgerVerdict {
    const newest = answers.at(-1)!;
    const known = this.#current;
    const differ = answers.some((answer) => !this.#isSame(answer, newest));
    if (differ || !this.split && this.#hasGivenUp(newest)) {
      this.#splitUntilMs = nowMs + LIMITS.ledgerSplitMs;
      return "split";
    }
    this.#splitUntilMs = undefined;
    this.#current = { identity: newest.identity, epoch: newest.epoch };
    if (known === undefined) return "renewed";
    const others = this.#givenUp.filter((ledger) => ledger !== keyOf(known) && ledger !== keyOf(newest));
    if (known.epoch !== newest.epoch || known.identity !== newest.identity) others.push(keyOf(known));
    this.#givenUp = others.slice(-LIMITS.ledgersGivenUpMax);
    if (known.identity === newest.identity) return "renewed";
    this.compared = false;
    return "adopted";
  }

  /** A prune may come between two answers of one ledger. But once workers have differed, their epochs must agree as well. */
  #isSame(a: LedgerIdentity, b: LedgerIdentity): boolean {
    return a.identity === b.identity && (!this.split || a.epoch === b.epoch);
  }

  /** Whether a ledger comes back: another one in any epoch, or the known one in an epoch of before, as only a copy can. */
  #hasGivenUp(ledger: LedgerIdentity): boolean {
    if (this.knows(ledger)) return this.#givenUp.includes(keyOf(ledger));
    return this.#givenUp.some((key) => key.split("/")[0] === ledger.identity);
  }

  /** What the next run has to know. */
  snapshot(): LedgerSnapshot | undefined {
    if (this.#current === undefined) return undefined;
    return { ...this.#current, givenUp: this.#givenUp, ...(this.compared && { compared: true }) };
  }
}

/**
 * What workers have named that were asked for their ledgers. One whose sink is broken must not hide what the others say,
 * and one of an earlier version does not know.
 *
 * @throws The first failure, if none of them answered.
 */
export function ledgersOf(
  outcomes: readonly PromiseSettledResult<{ readonly ledger?: LedgerIdentity }>[],
): LedgerIdentity[] {
  const answers = outcomes.flatMap((outcome) => outcome.status === "fulfilled" ? [outcome.value] : []);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (answers.length === 0 && failed !== undefined) throw failed.reason;
  return answers.flatMap(({ ledger }) => ledger ?? []);
}

/** Names a ledger in an epoch: neither of the two holds a slash. */
function keyOf({ identity, epoch }: LedgerIdentity): string {
  return `${identity}/${epoch}`;
}
