import { Coalescer, type CoalescerOptions } from "../../src/client/coalescer.ts";
import { PendingCall } from "../../src/client/pending_call.ts";
import type { Receipt } from "../../src/protocol/write.ts";

const NO_WINDOW: CoalescerOptions = { writesMax: 1_000, bytesMax: 1_000_000, windowMs: 0 };

/** A coalescer whose deliveries the test holds in its hands. */
export class HeldDeliveries {
  readonly deliveries: { ids: string[]; answer: () => void }[] = [];
  readonly dropped: string[] = [];
  readonly coalescer: Coalescer;
  inFlight = 0;
  inFlightMax = 0;
  /** Answers deliveries by itself. */
  auto = false;
  #arrived = Promise.withResolvers<void>();

  constructor(options: Partial<CoalescerOptions> = {}) {
    this.coalescer = new Coalescer({ ...NO_WINDOW, ...options }, (calls) => this.#deliver(calls));
  }

  push(id: string, bytes = 10): Promise<Receipt> {
    const call = this.makeCall(id, bytes);
    const wait = call.wait(1_000);
    this.coalescer.push(call);
    return wait;
  }

  makeCall(id: string, bytes = 10): PendingCall {
    return new PendingCall(id, "digest", "1", null, bytes, (call) => {
      if (!this.#delivered.has(call)) this.dropped.push(call.requestId);
    });
  }

  readonly #delivered = new Set<PendingCall>();

  async #deliver(calls: readonly PendingCall[]): Promise<void> {
    this.inFlightMax = Math.max(this.inFlightMax, ++this.inFlight);
    for (const call of calls) this.#delivered.add(call);
    const answered = Promise.withResolvers<void>();
    this.deliveries.push({ ids: calls.map((call) => call.requestId), answer: answered.resolve });
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
    if (!this.auto) await answered.promise;
    this.inFlight--;
    for (const call of calls) {
      call.resolve({
        requestId: call.requestId,
        status: "committed",
        batchId: "b",
        committedAt: "2026-01-01T00:00:00.000Z",
      });
    }
  }

  /** The n-th delivery, when it comes. */
  async delivery(n: number): Promise<{ ids: string[]; answer: () => void }> {
    while (this.deliveries.length <= n) await this.#arrived.promise;
    return this.deliveries[n];
  }

  get ids(): string[][] {
    return this.deliveries.map(({ ids }) => ids);
  }
}
