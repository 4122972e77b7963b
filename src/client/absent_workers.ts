/**
 * Does anybody work for the batchers?
 *
 * @module
 */
import type { Client } from "@temporalio/client";

/** A poller that has not been heard of for so long is gone: each one asks again at least once a minute. */
const POLLER_SILENCE_MS = 70_000;

/**
 * A task that waits for so long meets no poller. The server lists a worker for minutes after its end, but with a task in
 * the queue a worker that polls is heard of all the time.
 */
const WAITING_TASK_MS = 3_000;

/** Whether a worker polls a task queue for workflows. */
export async function isPolled(client: Client, taskQueue: string): Promise<boolean> {
  const { pollers, stats } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 1, // TASK_QUEUE_TYPE_WORKFLOW
    reportStats: true,
  });
  const taskWaits = msOf(stats?.approximateBacklogAge) >= WAITING_TASK_MS;
  const heardAfterMs = Date.now() - (taskWaits ? WAITING_TASK_MS : POLLER_SILENCE_MS);
  return pollers.some(({ lastAccessTime }) => msOf(lastAccessTime) > heardAfterMs);
}

/** Milliseconds of a timestamp or a duration of the server. */
function msOf(time: { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined): number {
  return Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1_000_000;
}

/** Without an answer for so long, a writer asks whether there is a worker at all. */
const QUIET_MS = 3_000;
/** How often it asks while there is no answer. */
const ASK_EVERY_MS = 5_000;
/** Bound of one question. */
const ASK_TIMEOUT_MS = 5_000;

/** What {@linkcode AbsentWorkers} looks at. */
export interface AbsentWorkersOptions {
  readonly client: Client;
  readonly taskQueue: string;
  /** Told once for each time that workers are away. */
  readonly onWarning: (message: string) => void;
}

/** Finds out whether writes wait because no worker polls the batchers' task queue. */
export class AbsentWorkers {
  #problem = "";
  #answered = 0;
  /** On the clock of `performance.now()`, like the next one. */
  #quietSince = 0;
  #askedAt = -Infinity;

  constructor(private readonly options: AbsentWorkersOptions) {}

  /** What is the matter, in a few words; empty as far as anybody knows. */
  get problem(): string {
    return this.#problem;
  }

  /** Writes begin to wait. */
  begin(): void {
    this.#quietSince = performance.now();
  }

  /**
   * Asks the server, if no answer has come for a while. To be called now and then while writes wait.
   *
   * @param answered How many writes have been answered so far.
   */
  check(answered: number): void {
    const now = performance.now();
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
    const { client, taskQueue, onWarning } = this.options;
    const quietSince = this.#quietSince;
    let polled: boolean;
    try {
      polled = await client.withDeadline(Date.now() + ASK_TIMEOUT_MS, () => isPolled(client, taskQueue));
    } catch {
      // A server that is away, or that does not let us ask: the writes themselves will tell.
      return;
    }
    // An answer that came meanwhile knows better.
    if (quietSince !== this.#quietSince) return;
    const told = this.#problem !== "";
    this.#problem = polled ? "" : `no worker polls task queue ${taskQueue}`;
    if (!polled && !told) onWarning(this.#problem);
  }
}
