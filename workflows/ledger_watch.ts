/**
 * Keeps the batches of a batcher in one ledger, whatever sinks its workers have.
 *
 * @module
 */
import { ActivityFailure, ApplicationFailure, isCancellation, log } from "@temporalio/workflow";
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

/** What a {@linkcode LedgerWatch} needs of its batcher. */
export interface LedgerWatchActions {
  /** Asks so many times through the task queue which ledger a worker has. Rejects if nobody answers. */
  readonly askAround: (times: number) => Promise<readonly LedgerIdentity[]>;
  /** A wait begins that ends the workflow task. */
  readonly endTask: () => void;
  /** Forgets what is remembered of the ledger. */
  readonly forget: () => void;
}

/** Runs flushes against the ledger of a {@linkcode LedgerView}. */
export class LedgerWatch {
  #comparing = false;

  /** @param revision That of the run, which keeps to the commands with which its history began. */
  constructor(
    private readonly view: LedgerView,
    private readonly actions: LedgerWatchActions,
    private readonly revision: number,
  ) {}

  /**
   * Whether answers of {@linkcode compare} are on their way. The server fails a workflow task that ends the run while an
   * activity is answered, and with it the Updates that came in the same moment.
   */
  get comparing(): boolean {
    return this.#comparing;
  }

  /**
   * Flushes into the known ledger, and once more into the one that has taken its place.
   *
   * @throws {LedgerSplit} If the workers do not have the same ledger.
   * @throws What `flush` throws, if it is about anything else.
   */
  async run(flush: (ledger: LedgerIdentity | undefined) => Promise<void>): Promise<void> {
    for (let changes = 0; changes < LIMITS.ledgerChangesMax; changes++) {
      if (this.view.mustWait(Date.now())) throw new LedgerSplit();
      if (this.view.split) this.#judge(await this.#askAround());
      try {
        return await flush(this.view.current);
      } catch (error) {
        const there = changedLedger(error)?.ledger;
        if (there === undefined) throw error;
        // A new epoch needs no second opinion: it is the same ledger.
        const answers = this.view.knows(there) ? [there] : [...await this.#askAround(), there];
        // Answers to compare() may have shown a split meanwhile: that these few agree does not end it.
        if (this.revision >= 3 && this.view.mustWait(Date.now())) throw new LedgerSplit();
        this.#judge(answers);
      }
    }
    throw new LedgerSplit();
  }

  /**
   * Asks other workers whether they have the known ledger, too. Without this, the batchers of two shards could each go on
   * with a worker of its own, and a repeat that reaches another lane or shard would be stored twice.
   *
   * @param times How often to ask.
   */
  async compare(times: number): Promise<void> {
    this.#comparing = true;
    const asked = this.view.current!;
    try {
      const answers = await this.actions.askAround(times);
      this.view.compared = this.view.knows(asked);
      const others = answers.filter((ledger) => !this.view.knows(ledger));
      if (others.length > 0) this.#judge([...others, this.view.current!]);
    } catch (error) {
      // A split is logged, and the next flush meets it. A cancelled run ends by itself.
      if (error instanceof LedgerSplit || isCancellation(error)) return;
      if (!(error instanceof ActivityFailure)) throw error;
      log.warn(
        `No other worker of this task queue said which ledger it has; the next run asks again: ${error.cause?.message}`,
      );
    } finally {
      this.#comparing = false;
    }
  }

  #askAround(): Promise<readonly LedgerIdentity[]> {
    const asking = this.actions.askAround(LIMITS.ledgerAnswers);
    this.actions.endTask();
    return asking;
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
    this.actions.forget();
    const { identity, epoch } = this.view.current!;
    log.warn(
      `The ledger was ${verdict}, and what was remembered of it is forgotten: now ${identity} in epoch ${epoch}, ` +
        `before ${known?.identity} in epoch ${known?.epoch}`,
    );
  }
}
