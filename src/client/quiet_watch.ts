/**
 * Finds out why no answer comes.
 *
 * @module
 */
import type { Client } from "@temporalio/client";

/** After this long without an answer, a writer asks the server for the reason. */
const QUIET_MS = 3_000;
/** Interval between questions while there is no answer. */
const ASK_EVERY_MS = 5_000;

/** Timeout of one question. */
const ASK_TIMEOUT_MS = 5_000;

/** Pause between questions about two batchers: when all are silent, many writers ask about many batchers. */
const NEXT_TURN_MS = 500;

/** Options of a {@linkcode QuietWatch}. */
export interface QuietWatchOptions {
  readonly client: Client;
  /** Asks the server for the problem; the answer is empty if there is none. */
  readonly ask: () => Promise<string>;
  /** Count of answers so far. */
  readonly answered: () => number;
  /** Called once when a problem begins, and again when it changes. */
  readonly onWarning: (message: string) => void;
}

/** Asks why writes wait after they have waited for a while. */
export class QuietWatch {
  #problem = "";
  #answered = 0;
  #quietSince: number | undefined;
  #askedAt = -Infinity;

  constructor(
    private readonly options: QuietWatchOptions,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** The problem, in a few words; empty if none is known. */
  get problem(): string {
    return this.#problem;
  }

  /** When it last asked, on the clock of `performance.now()`. */
  get askedAt(): number {
    return this.#askedAt;
  }

  /** Writes begin to wait. */
  begin(): void {
    // The silence does not begin yet: writes may gather in a window first.
    this.#quietSince = undefined;
    // Earlier writes may have ended without an answer, which would have cleared their problem.
    this.#problem = "";
  }

  /** Whether it is time to ask. Call this regularly while an Update is in flight. */
  isDue(): boolean {
    const now = this.nowMs();
    const answered = this.options.answered();
    if (this.#quietSince === undefined || answered !== this.#answered) {
      this.#answered = answered;
      this.#quietSince = now;
      this.#problem = "";
    }
    return now - this.#quietSince >= QUIET_MS && now - this.#askedAt >= ASK_EVERY_MS;
  }

  /** Asks the server for the problem. Never rejects. */
  async ask(): Promise<void> {
    this.#askedAt = this.nowMs();
    const { client, ask, onWarning } = this.options;
    const quietSince = this.#quietSince;
    let problem: string;
    try {
      problem = await client.withDeadline(Date.now() + ASK_TIMEOUT_MS, ask);
    } catch {
      // The server is away or does not allow the question. The writes report that themselves.
      return;
    }
    // Writes were answered meanwhile, so this problem is out of date.
    if (quietSince !== this.#quietSince) return;
    const told = this.#problem;
    this.#problem = problem;
    if (problem !== "" && problem !== told) onWarning(problem);
  }
}

/** Makes many watches ask one after the other. */
export class QuietTurns {
  #isAsking = false;
  #askedAt = -Infinity;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /** Makes the due watch ask that asked least recently. Call this as often as {@linkcode QuietWatch.isDue}. */
  check(watches: readonly QuietWatch[]): void {
    const due = watches.filter((watch) => watch.isDue());
    if (due.length === 0 || this.#isAsking || this.nowMs() - this.#askedAt < NEXT_TURN_MS) return;
    this.#ask(due.reduce((first, watch) => watch.askedAt < first.askedAt ? watch : first));
  }

  async #ask(watch: QuietWatch): Promise<void> {
    this.#askedAt = this.nowMs();
    this.#isAsking = true;
    await watch.ask();
    this.#isAsking = false;
  }
}
