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

/** What a {@linkcode QuietWatch} looks at. */
export interface QuietWatchOptions {
  readonly client: Client;
  /** Asks the server what is the matter; the answer is empty if nothing is. */
  readonly ask: () => Promise<string>;
  /** Told once for each time that something is the matter, and when it becomes something else. */
  readonly onWarning: (message: string) => void;
}

/** Asks why writes wait, once they have waited for a while. */
export class QuietWatch {
  #problem = "";
  #answered = 0;
  #quietSince = 0;
  #askedAt = -Infinity;

  constructor(
    private readonly options: QuietWatchOptions,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** What is the matter, in a few words; empty as far as anybody knows. */
  get problem(): string {
    return this.#problem;
  }

  /** Writes begin to wait. */
  begin(): void {
    this.#quietSince = this.nowMs();
    // Earlier writes may have ended without an answer: then nothing else says that their problem is over.
    this.#problem = "";
  }

  /**
   * Asks the server, if no answer has come for a while. To be called now and then while writes wait.
   *
   * @param answered How many writes have been answered so far.
   */
  check(answered: number): void {
    const now = this.nowMs();
    if (answered !== this.#answered) {
      this.#answered = answered;
      this.#quietSince = now;
      this.#problem = "";
    }
    if (now - this.#quietSince < QUIET_MS || now - this.#askedAt < ASK_EVERY_MS) return;
    this.#askedAt = now;
    this.#ask();
  }

  async #ask(): Promise<void> {
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
