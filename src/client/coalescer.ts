/**
 * Gathers writes for one batcher and sends them, one Update at a time.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { PendingCall } from "./pending_call.ts";

/** How much goes into one Update, and when. */
export interface CoalescerOptions {
  readonly writesMax: number;
  readonly bytesMax: number;
  /** Writes wait for the next multiple of this on the wall clock, or for a full Update. 0 means no wait. */
  readonly windowMs: number;
}

/**
 * Keeps the writes for one batcher in order and at most one Update in flight.
 *
 * Writes that arrive while an Update is in flight go into the next one. So Updates grow with the load, and stay far
 * below the server's limit of Updates in flight for a workflow.
 */
export class Coalescer {
  #outbox: PendingCall[] = [];
  #outboxBytes = 0;
  /** End of the window of the oldest call in the outbox, on the wall clock. */
  #dueMs = 0;
  #running: Promise<void> | undefined;
  #delivering: readonly PendingCall[] = [];
  #endWindow: (() => void) | undefined;
  #draining = 0;

  /**
   * @param deliver Sends calls and settles each of them; never rejects.
   */
  constructor(
    private readonly options: CoalescerOptions,
    private readonly deliver: (calls: readonly PendingCall[]) => Promise<void>,
  ) {}

  /** Whether nothing is in flight and nothing waits to be sent. */
  get isIdle(): boolean {
    return this.#running === undefined;
  }

  /** Whether something is in flight. */
  get isSending(): boolean {
    return this.#delivering.length > 0;
  }

  /** Appends a call. */
  push(call: PendingCall): void {
    const { windowMs } = this.options;
    if (this.#outbox.length === 0 && windowMs > 0) this.#dueMs = Date.now() + windowMs - Date.now() % windowMs;
    this.#outbox.push(call);
    this.#outboxBytes += call.updateBytes;
    this.#running ??= this.#run();
    if (this.#isFull()) this.#endWindow?.();
  }

  /** Sends the calls that wait in a window now, and waits until no caller waits for a call that was pushed before. */
  async drain(): Promise<void> {
    // Calls that are pushed meanwhile do not count: under load this would never end.
    const calls = [...this.#delivering, ...this.#outbox];
    this.#draining++;
    this.#endWindow?.();
    await Promise.all(calls.map((call) => call.unwaited()));
    this.#draining--;
    this.dropAbandoned();
  }

  /** Waits until nothing is in flight and nothing waits to be sent. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    do {
      await this.#next();
    } while (this.#outbox.length > 0);
    this.#running = undefined;
  }

  async #next(): Promise<void> {
    // Gather all callers that write in this turn of the event loop, for example those that one answer has just
    // released.
    await new Promise<void>((resolve) => setImmediate(resolve));
    await this.#window();
    const calls = this.#take();
    if (calls.length > 0) {
      this.#delivering = calls;
      await this.deliver(calls);
      this.#delivering = [];
    }
    // One more turn: the callers that this answer has released are about to write again.
    if (this.#outbox.length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  #isFull(): boolean {
    return this.#outbox.length >= this.options.writesMax || this.#outboxBytes >= this.options.bytesMax;
  }

  #window(): Promise<void> {
    const { windowMs } = this.options;
    // Calls that came while an Update was in flight may already be due. A clock that was set back must not extend a
    // window.
    const waitMs = Math.min(this.#dueMs - Date.now(), windowMs);
    if (waitMs <= 0 || this.#draining > 0 || this.#isFull()) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#endWindow = undefined;
        resolve();
      };
      const timer = setTimeout(end, waitMs);
      this.#endWindow = end;
    });
  }

  /** Drops the calls that no caller waits for any more. */
  dropAbandoned(): void {
    if (!this.#outbox.some((call) => call.abandoned)) return;
    this.#outbox = this.#outbox.filter((call) => {
      if (!call.abandoned) return true;
      call.drop();
      this.#outboxBytes -= call.updateBytes;
      return false;
    });
  }

  #take(): PendingCall[] {
    this.dropAbandoned();
    let bytes = 0;
    let count = 0;
    for (const call of this.#outbox) {
      bytes += call.updateBytes;
      if (count > 0 && (count >= this.options.writesMax || bytes > this.options.bytesMax)) break;
      count++;
    }
    const taken = this.#outbox.splice(0, count);
    for (const call of taken) this.#outboxBytes -= call.updateBytes;
    return taken;
  }
}
