/**
 * A sink that fails when it is told to.
 *
 * @module
 */

import type { LedgerIdentity } from "../../src/protocol/messages.ts";
import { type Outcome, type Sink, type SinkBatch, SinkError } from "../../src/sinks/sink.ts";

/** Makes the error of one faulty call. */
export type MakeError = () => Error;

/** The database could not be reached, so nothing was written. */
export function unavailable(): SinkError {
  return new SinkError("unavailable", "no", "the database is down (faulty sink)");
}

/** The answer to the commit was lost. */
export function answerLost(): SinkError {
  return new SinkError("unavailable", "unknown", "the answer to the commit was lost (faulty sink)");
}

/** A person has to repair something. */
export function setupError(): SinkError {
  return new SinkError("setup", "no", "a table is missing (faulty sink)");
}

/** An error for so many calls, after some that are let through. */
class Fault {
  constructor(private remaining: number, private readonly makeError: MakeError, private letThrough = 0) {}

  strike(): void {
    if (this.letThrough-- > 0 || this.remaining <= 0) return;
    this.remaining--;
    throw this.makeError();
  }
}

/**
 * Passes writes on to another sink, and fails, delays or holds them when it was told to.
 *
 * The faults of one call come in this order: held, delayed, failed before the commit, held after it, failed after it. Counts are passed
 * on, so they tell what is in the database.
 */
export class FaultySink implements Sink {
  /** How often `write` was called, well or not. */
  calls = 0;
  /** How many `write` calls have not ended. */
  inFlight = 0;
  /** The most `write` calls that were under way at one time. */
  inFlightMax = 0;
  /** The number of writes of each call, in order. */
  readonly batchSizes: number[] = [];
  /** The batch id of each call, in order. */
  readonly batchIds: string[] = [];

  readonly #inner: Sink;
  #beforeCommit = new Fault(0, unavailable);
  #afterCommit = new Fault(0, answerLost);
  #losesOutcomes = false;
  #delayMs = 0;
  #gate: PromiseWithResolvers<void> | undefined;
  #gateAfterCommit: PromiseWithResolvers<void> | undefined;
  /** How many calls have committed and are held since. */
  heldAfterCommit = 0;

  /** @param inner Is closed with this sink. */
  constructor(inner: Sink) {
    this.#inner = inner;
  }

  get description(): string {
    return `faulty ${this.#inner.description}`;
  }

  /**
   * Makes `count` calls fail before anything is written; `Infinity` for all until {@linkcode heal}.
   *
   * @param letThrough How many calls come before those.
   */
  failBeforeCommit(count: number, makeError: MakeError = unavailable, letThrough = 0): void {
    this.#beforeCommit = new Fault(count, makeError, letThrough);
  }

  /** Makes the next `count` calls commit, and fail then. */
  failAfterCommit(count: number, makeError: MakeError = answerLost): void {
    this.#afterCommit = new Fault(count, makeError);
  }

  /** Makes every call commit and leave out the outcome of its last write, until {@linkcode heal}. */
  loseOutcomes(): void {
    this.#losesOutcomes = true;
  }

  /** Delays every call before it is written, until {@linkcode heal}. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Holds every call before it is written, until the returned function is called. */
  hang(): () => void {
    const gate = this.#gate = Promise.withResolvers<void>();
    return () => {
      if (this.#gate === gate) this.#gate = undefined;
      gate.resolve();
    };
  }

  /** Holds every call after its commit, until the returned function is called. */
  hangAfterCommit(): () => void {
    const gate = this.#gateAfterCommit = Promise.withResolvers<void>();
    return () => {
      if (this.#gateAfterCommit === gate) this.#gateAfterCommit = undefined;
      gate.resolve();
    };
  }

  /** Takes back every fault and releases held calls. */
  heal(): void {
    this.#beforeCommit = new Fault(0, unavailable);
    this.#afterCommit = new Fault(0, answerLost);
    this.#losesOutcomes = false;
    this.#delayMs = 0;
    this.#gate?.resolve();
    this.#gate = undefined;
    this.#gateAfterCommit?.resolve();
    this.#gateAfterCommit = undefined;
  }

  async write(batch: SinkBatch): Promise<Outcome[]> {
    this.calls++;
    this.batchSizes.push(batch.writes.length);
    this.batchIds.push(batch.batchId);
    this.inFlightMax = Math.max(this.inFlightMax, ++this.inFlight);
    try {
      await this.#gate?.promise;
      if (this.#delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
      this.#beforeCommit.strike();
      const outcomes = await this.#inner.write(batch);
      await this.#holdAfterCommit();
      this.#afterCommit.strike();
      return this.#losesOutcomes ? outcomes.slice(0, -1) : outcomes;
    } finally {
      this.inFlight--;
    }
  }

  async #holdAfterCommit(): Promise<void> {
    if (this.#gateAfterCommit === undefined) return;
    this.heldAfterCommit++;
    try {
      await this.#gateAfterCommit.promise;
    } finally {
      this.heldAfterCommit--;
    }
  }

  identify(): Promise<LedgerIdentity> {
    return this.#inner.identify();
  }

  countCommitted(): Promise<number> {
    return this.#inner.countCommitted();
  }

  countCommittedOf(requestIds: readonly string[]): Promise<number> {
    return this.#inner.countCommittedOf(requestIds);
  }

  countRejected(): Promise<number> {
    return this.#inner.countRejected();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
