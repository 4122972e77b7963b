/**
 * Why does no answer come?
 *
 * @module
 */
import type { Client } from "@temporalio/client";

/** Without an answer for so long, a writer asks what is the matter. */
const QUIET_MS = 3_000;
/** How often it asks while there is no answer. */
const ASK_EVERY_MS = 5_000;

/** Bound of one question. */
const ASK_TIMEOUT_MS = 5_000;

/** How soon another batcher is asked about: when all of them are silent, many writers would ask about many batchers. */
const NEXT_TURN_MS = 500;

/** What a {@linkcode QuietWatch} looks at. */
export interface QuietWatchOptions {
  readonly client: Client;
  /** Asks the server what is the matter; the answer is empty if nothing is. */
  readonly ask: () => Promise<string>;
  /** How much has been answered so far. */
  readonly answered: () => number;
  /** Told once for each time that something is the matter, and when it becomes something else. */
  readonly onWarning: (message: string) => void;
}

/** Asks why writes wait, once they have waited for a while. */
export class QuietWatch {
  #problem = "";
  #answered = 0;
  #quietSince: number | undefined;
  #askedAt = -Infinity;

  constructor(
    private readonly options: QuietWatchOptions,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** What is the matter, in a few words; empty as far as anybody knows. */
  get problem(): string {
    return this.#problem;
  }

  /** When it last asked, on the clock of `performance.now()`. */
  get askedAt(): number {
    return this.#askedAt;
  }

  /** Writes begin to wait. */
  begin(): void {
    // Not now: they may gather in a window first.
    this.#quietSince = undefined;
    // Earlier writes may have ended without an answer: then nothing else says that their problem is over.
    this.#problem = "";
  }

  /** Whether it is time to ask. To be called now and then while an Update is on its way. */
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

  /** Asks the server what is the matter. Never rejects. */
  async ask(): Promise<void> {
    this.#askedAt = this.nowMs();
    const { client, ask, onWarning } = this.options;
    const quietSince = this.#quietSince;
    let problem: string;
    try {
      problem = await client.withDeadline(Date.now() + ASK_TIMEOUT_MS, ask);
    } catch {
      // A server that is away, or that does not let us ask: the writes themselves will tell.
      return;
    }
    // An answer that came meanwhile knows better.
    if (quietSince !== this.#quietSince) return;
    const told = this.#problem;
    this.#problem = problem;
    if (problem !== "" && problem !== told) onWarning(problem);
  }
}

/** Lets many watches ask one after the other. */
export class QuietTurns {
  #isAsking = false;
  #askedAt = -Infinity;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /** Has the watch ask whose turn it is, if any. To be called as {@linkcode QuietWatch.isDue}. */
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
