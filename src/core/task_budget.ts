/**
 * What a batcher may still add to the completion of its present workflow task.
 *
 * @module
 */
import { LIMITS } from "../protocol/limits.ts";

/**
 * Counts the bytes of markers, answers, inputs and snapshots since the last moment at which a workflow task certainly
 * ended. So it may count more than the task holds, never less, and a replay counts the same.
 *
 * The requests of Updates are not counted: each sender keeps to its share, see `updateBytesMax`.
 */
export class TaskBudget {
  #spent = 0;

  /** @param bytesMax `Infinity` for a run whose history was begun without a budget: its commands must stay as they are. */
  constructor(private readonly bytesMax: number = LIMITS.taskOwnBytesMax) {}

  /** Bytes that can be added. */
  get left(): number {
    return this.bytesMax - this.#spent;
  }

  /** Whether something was added since the task began. */
  get used(): boolean {
    return this.#spent > 0;
  }

  /** Adds a message with a payload of so many bytes. */
  spend(payloadBytes: number): void {
    this.#spent += payloadBytes + LIMITS.messageFrameBytes;
  }

  /** Whether a message with a payload of so many bytes can be added. */
  fits(payloadBytes: number): boolean {
    return payloadBytes + LIMITS.messageFrameBytes <= this.left;
  }

  /** To be called where the batcher begins a wait that ends its workflow task. */
  renew(): void {
    this.#spent = 0;
  }
}
