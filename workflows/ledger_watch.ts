/**
 * Keeps the batches of a batcher in one ledger, whatever sinks its workers have.
 *
 * @module
 */
import { ActivityFailure, ApplicationFailure, log } from "@temporalio/workflow";
import type { LedgerView } from "../src/core/ledger_view.ts";
import { FAILURE, type LedgerChangedDetails } from "../src/protocol/failures.ts";
import { LIMITS } from "../src/protocol/limits.ts";
import type { LedgerIdentity } from "../src/protocol/messages.ts";

/** The workers do not have the same ledger: this batch is given up. */
export class LedgerSplit extends Error {
  override readonly name = "LedgerSplit";

  constructor() {
    super(
      "the workers of this task queue write to different ledgers: start all of them with the same sink " +
        "('deno task sink check' says which ledger a sink holds)",
    );
  }
}

/** What a worker says that refused a batch because it is for another ledger than its own. */
export function changedLedger(error: unknown): LedgerChangedDetails | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== FAILURE.LEDGER_CHANGED) return undefined;
  return cause.details?.[0] as LedgerChangedDetails;
}

/** Runs flushes against the ledger of a {@linkcode LedgerView}. */
export class LedgerWatch {
  /**
   * @param askAround Asks several workers for their ledgers.
   * @param forget Forgets what is remembered of the ledger.
   */
  constructor(
    private readonly view: LedgerView,
    private readonly askAround: () => Promise<readonly LedgerIdentity[]>,
    private readonly forget: () => void,
  ) {}

  /**
   * Flushes into the known ledger, and once more into the one that has taken its place.
   *
   * @throws {LedgerSplit} If the workers do not have the same ledger.
   * @throws What `flush` throws, if it is about anything else.
   */
  async run(flush: (ledger: LedgerIdentity | undefined) => Promise<void>): Promise<void> {
    for (let changes = 0; changes < LIMITS.ledgerChangesMax; changes++) {
      if (this.view.mustWait(Date.now())) throw new LedgerSplit();
      if (this.view.split) this.#judge(await this.askAround());
      try {
        return await flush(this.view.current);
      } catch (error) {
        const there = changedLedger(error)?.ledger;
        if (there === undefined) throw error;
        // A new epoch needs no second opinion: it is the same ledger.
        this.#judge(this.view.knows(there) ? [there] : [...await this.askAround(), there]);
      }
    }
    throw new LedgerSplit();
  }

  #judge(answers: readonly LedgerIdentity[]): void {
    if (answers.length === 0) return;
    const known = this.view.current;
    const verdict = this.view.judge(answers, Date.now());
    if (verdict === "split") {
      const ledgers = [...new Set(answers.map(({ identity, epoch }) => `${identity} in epoch ${epoch}`))];
      log.warn(
        `The workers of this task queue write to different ledgers, and nothing is stored: ${ledgers.join(", ")}; ` +
          `this batcher knew ${known?.identity}`,
      );
      throw new LedgerSplit();
    }
    this.forget();
    const { identity, epoch } = this.view.current!;
    log.warn(
      `The ledger was ${verdict}, and what was remembered of it is forgotten: now ${identity} in epoch ${epoch}, ` +
        `before ${known?.identity} in epoch ${known?.epoch}`,
    );
  }
}
