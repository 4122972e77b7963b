/**
 * What a writer has stored for its Updates, until nobody can need it any more.
 *
 * @module
 */
import type { StorageDriver, StorageDriverClaim } from "@temporalio/common";
import type { LatestRun } from "./latest_run.ts";

/** A driver that can remove what it has stored. */
export interface RemovingDriver extends StorageDriver {
  /** Removes bodies; those that are gone already are no error. */
  discard(claims: readonly StorageDriverClaim[]): Promise<void>;
}

/** Whether a driver can remove what it has stored. */
export function canRemove(driver: StorageDriver): driver is RemovingDriver {
  return "discard" in driver && typeof driver.discard === "function";
}

type ClaimsByRun = Map<string, StorageDriverClaim[]>;

/**
 * Removes bodies when the run of the batcher that took them is over.
 *
 * An answered Update does not free its body: the history of the run refers to it, and a worker that replays the run
 * reads it again. What a request without an answer may have left in a run is not known here; a sweep finds it.
 */
export class SentBodies {
  readonly #taken = new Map<string, ClaimsByRun>();
  readonly #checking = new Map<string, Promise<void>>();

  /**
   * @param findRun Finds the latest run of a workflow.
   */
  constructor(
    private readonly driver: RemovingDriver,
    private readonly findRun: (workflowId: string) => Promise<LatestRun | undefined>,
  ) {}

  /** No run has taken these: they are removed at once. */
  async refused(claims: readonly StorageDriverClaim[]): Promise<void> {
    // What stays is for a sweep: the Update itself has nothing to do with it.
    if (claims.length > 0) await this.driver.discard(claims).catch(() => {});
  }

  /** A run has answered an Update with these. */
  taken(workflowId: string, runId: string, claims: readonly StorageDriverClaim[]): void {
    if (claims.length === 0) return;
    const runs: ClaimsByRun = this.#taken.get(workflowId) ?? new Map();
    this.#taken.set(workflowId, runs);
    runs.set(runId, [...runs.get(runId) ?? [], ...claims]);
    if (runs.size > 1 && !this.#checking.has(workflowId)) {
      this.#checking.set(
        workflowId,
        this.#removeOver(workflowId, runs).finally(() => this.#checking.delete(workflowId)),
      );
    }
  }

  /** Waits until what is being removed is gone. */
  async settled(): Promise<void> {
    await Promise.all(this.#checking.values());
  }

  async #removeOver(workflowId: string, runs: ClaimsByRun): Promise<void> {
    // A run that answers from now on may be later than the one that the server is about to name.
    const before = [...runs.keys()];
    try {
      const latest = await this.findRun(workflowId);
      // After a reset the latest run has the history, and the bodies, of an earlier one.
      if (latest?.wasReset) return;
      for (const runId of before) {
        if (latest?.isOpen && latest.runId === runId) continue;
        const claims = runs.get(runId)!;
        runs.delete(runId);
        await this.driver.discard(claims);
      }
    } catch {
      // The next answer of another run tries again, or a sweep does.
    }
  }
}
