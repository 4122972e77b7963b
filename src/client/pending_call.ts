/**
 * A write on its way through a writer, and the callers that wait for it.
 *
 * @module
 */
import { WriteConfirmationTimeoutError, WriteOutcomeUnknownError } from "../protocol/failures.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Receipt } from "../protocol/write.ts";

interface Waiter {
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  readonly timeoutMs: number;
  readonly release: () => void;
}

/** A write on its way. Callers with the same request id share it; each has a deadline and a signal of its own. */
export class PendingCall {
  readonly #waiters = new Set<Waiter>();
  readonly #whenUnwaited: (() => void)[] = [];
  /** Whether an Update that carries it is on its way now. */
  inFlight = false;
  /** Whether an earlier try may have stored it: its outcome is not known for certain. */
  mayBeStored = false;
  /** Why the last try did not get through, for the message of a timeout. */
  lastProblem = "";
  #done = false;

  constructor(
    readonly requestId: string,
    readonly digest: string,
    /** The data in canonical JSON. */
    readonly line: string,
    readonly partitionKey: string | null,
    /** Size as the limits of a write count it: id, key and data. */
    readonly bytes: number,
    /** Called once, when there is nothing left to do for this write. */
    private readonly onDone: (call: PendingCall) => void,
  ) {}

  /** Bytes that the write takes in an Update. */
  get updateBytes(): number {
    return this.bytes + LIMITS.headerBytesPerWrite;
  }

  /** Whether no caller waits for it any more. */
  get abandoned(): boolean {
    return this.#waiters.size === 0;
  }

  /** Whether an Update that carries it may have reached a batcher. */
  get sent(): boolean {
    return this.inFlight || this.mayBeStored;
  }

  /** Waits until no caller waits for it any more: it is settled, or its callers have given up. */
  async unwaited(): Promise<void> {
    if (!this.abandoned) await new Promise<void>((resolve) => this.#whenUnwaited.push(resolve));
  }

  /** Waits for the receipt, until the deadline or the signal. */
  wait(timeoutMs: number, signal?: AbortSignal): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#release(waiter)?.reject(this.#abortError(signal!));
      const waiter: Waiter = {
        resolve,
        reject,
        deadline: performance.now() + timeoutMs,
        timeoutMs,
        release: () => signal?.removeEventListener("abort", onAbort),
      };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Gives every waiting caller the receipt. */
  resolve(receipt: Receipt): void {
    for (const waiter of [...this.#waiters]) this.#release(waiter)?.resolve(receipt);
    this.#finish();
  }

  /** Gives every waiting caller the error. */
  reject(error: unknown): void {
    for (const waiter of [...this.#waiters]) this.#release(waiter)?.reject(error);
    this.#finish();
  }

  /** Ends a write that no caller waits for any more. */
  drop(): void {
    this.#finish();
  }

  #finish(): void {
    // A second report would remove a newer call with the same id.
    if (this.#done) return;
    this.#done = true;
    this.onDone(this);
  }

  /**
   * Fails the callers whose deadline has passed.
   *
   * @param problemOf Says why there is no answer, if that is known.
   */
  expire(now: number, problemOf: (call: PendingCall) => string = () => ""): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.deadline <= now) this.#release(waiter)?.reject(this.#timeoutError(waiter.timeoutMs, problemOf(this)));
    }
  }

  #release(waiter: Waiter): Waiter | undefined {
    if (!this.#waiters.delete(waiter)) return undefined;
    waiter.release();
    if (this.abandoned) { for (const resolve of this.#whenUnwaited.splice(0)) resolve(); }
    return waiter;
  }

  #timeoutError(timeoutMs: number, problem: string): WriteConfirmationTimeoutError {
    const id = JSON.stringify(this.requestId);
    const reason = problem || this.lastProblem && `last: ${this.lastProblem}`;
    const because = reason && ` (${reason})`;
    return this.sent
      ? new WriteConfirmationTimeoutError(
        `No confirmation for request id ${id} within ${timeoutMs} ms${because}: ` +
          "it may be stored; writing it again with the same id is safe",
        "unknown",
      )
      : new WriteConfirmationTimeoutError(
        `Request id ${id} could not be handed to a batcher within ${timeoutMs} ms${because}: it is not stored`,
        "not written",
      );
  }

  #abortError(signal: AbortSignal): unknown {
    if (!this.sent) return signal.reason;
    return new WriteOutcomeUnknownError(
      `Stopped waiting for request id ${JSON.stringify(this.requestId)}: ` +
        "it may be stored; writing it again with the same id is safe",
      { cause: signal.reason },
    );
  }
}
