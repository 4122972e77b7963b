/**
 * What every fault does with its writes: ask, wait, ask again where that is said to be safe, and count.
 *
 * @module
 */
import { poll } from "../../harness/waiting.ts";
import type { FaultName, FaultRow } from "../report_data.ts";
import { type Call, CONFIRMATION_TIMEOUT_MS } from "../variant.ts";
import { type Answer, countWrites, sayAnswers, type WriteRecord } from "./count.ts";
import type { Asked, Stage } from "./stage.ts";

/** Writes of a fault that is to meet one full batch. */
export const BATCH_WRITES = 50;

/** How many writes any other fault meets: some tens, or more where there is time. */
export function usualWrites(quick: boolean): number {
  return quick ? 20 : 100;
}

/** How long a batcher may take to come to rest: longer than an activity of any variant that nobody answers. */
const REST_WITHIN_MS = 45_000;

/** With no new row for so long, a batcher is taken to wait for an answer. */
const QUIET_MS = 1_000;

/** How long the first row of a trial may take. */
const FIRST_ROW_WITHIN_MS = 30_000;

/** How a trial differs from the usual one. */
export interface TrialOptions {
  /** How many writes. */
  readonly writes: number;
  /**
   * How long each caller waits.
   * @default {CONFIRMATION_TIMEOUT_MS}
   */
  readonly waitMs?: number;
  /**
   * Whether each write has a request id of its caller's choice: what can be asked for again. Else the variant names it.
   * @default {true}
   */
  readonly named?: boolean;
  /** The amount of a write, by its number. */
  readonly amountOf?: (n: number) => number;
  /** How long a batcher may take to come to rest. */
  readonly restWithinMs?: number;
}

/** The writes of one fault on one stage. */
export class Trial {
  readonly #stage: Stage;
  readonly #fault: FaultName;
  readonly #options: TrialOptions;
  readonly #waitMs: number;
  readonly #asked: Asked[] = [];
  readonly #answers = new Map<string, Answer[]>();

  constructor(stage: Stage, fault: FaultName, options: TrialOptions) {
    this.#stage = stage;
    this.#fault = fault;
    this.#options = options;
    this.#waitMs = options.waitMs ?? CONFIRMATION_TIMEOUT_MS;
  }

  /** Every write so far with its caller. */
  get asked(): readonly Asked[] {
    return this.#asked;
  }

  /** Starts the callers of all writes, or of some of them. */
  async ask(from = 0, to: number = this.#options.writes): Promise<void> {
    const numbers = Array.from({ length: to - from }, (_, i) => from + i);
    await Promise.all(numbers.map(async (n) => {
      this.#asked.push(await this.#stage.ask(this.#callOf(n), this.#waitMs));
    }));
  }

  /** Starts the callers of all writes at the beginning of a window, so that they meet in one batch. */
  async askTogether(): Promise<void> {
    await this.#stage.untilWindowBegins();
    await this.ask();
  }

  /** Waits until every caller so far, or every one of these, has been told something. */
  async answered(asked: readonly Asked[] = this.#asked): Promise<void> {
    await Promise.all(asked.map(async (one) => {
      const { key } = one.call.data;
      const answer = await this.#stage.answerOf(one, this.#waitMs);
      this.#answers.set(key, [...this.#answers.get(key) ?? [], answer]);
    }));
  }

  /** Sends each request once more, as the variant's callers would. @returns How, for the row's note. */
  async askAgain(): Promise<string> {
    const { client, run, variant: { sendAgain } } = this.#stage;
    if (sendAgain !== undefined) {
      await Promise.all(this.#asked.map(({ call }) => sendAgain(client, run, call)));
      return "each request was sent to the batcher again";
    }
    await this.answered(await Promise.all(this.#asked.map((one) => this.#again(one))));
    return "another caller sent each request again";
  }

  /** How many of the writes have a row now. */
  stored(): number {
    const rows = this.#stage.rows();
    return this.#asked.filter(({ call }) => rows.has(call.data.key)).length;
  }

  /**
   * Waits, while answers are held, until every write has a row or no more come: a batcher may wait for its first answer
   * before it writes again.
   *
   * @returns How many have one.
   * @throws {Error} If there is none: then nothing happens between commit and answer.
   */
  async storedWhileHeld(): Promise<number> {
    const { signal } = this.#stage;
    let last = { stored: 0, atMs: performance.now() };
    await poll(() => {
      const stored = this.stored();
      if (stored > last.stored) last = { stored, atMs: performance.now() };
      return stored === this.#asked.length || stored > 0 && performance.now() - last.atMs > QUIET_MS;
    }, { withinMs: FIRST_ROW_WITHIN_MS, signal });
    if (last.stored > 0) return last.stored;
    throw new Error(`Cannot make '${this.#fault}' happen to ${this.#stage.variant.name}: no row came`);
  }

  /**
   * Lets everything come to rest, asks again where callers were told that it is safe, and counts.
   *
   * @param what What was done: the beginning of the row's note.
   * @param more What else there is to say.
   */
  async row(what: string, more: readonly string[] = []): Promise<FaultRow> {
    const { restWithinMs = REST_WITHIN_MS } = this.#options;
    let atRest = await this.#stage.untilAtRest(restWithinMs);
    const records: WriteRecord[] = await Promise.all(this.#asked.map(async (one) => {
      const { key } = one.call.data;
      const answers = this.#answers.get(key) ?? [];
      if (answers.at(-1)?.kind !== "unknown") return { key, answers };
      const proof = await this.#stage.answerOf(await this.#again(one), CONFIRMATION_TIMEOUT_MS);
      return { key, answers, proof };
    }));
    const proofs = records.flatMap(({ proof }) => proof ?? []);
    if (proofs.length > 0) atRest = await this.#stage.untilAtRest(restWithinMs);
    const note = [
      what,
      sayAnswers(records.flatMap(({ answers }) => answers)),
      ...(proofs.length === 0 ? [] : [`the same requests again: ${sayAnswers(proofs)}`]),
      ...more,
      ...(atRest ? [] : [`the batcher still tried after another ${restWithinMs / 1_000} s`]),
    ].join("; ");
    return {
      fault: this.#fault,
      variant: this.#stage.variant.name,
      ...countWrites(records, this.#stage.rows()),
      note: `${note}.`,
    };
  }

  #again({ call }: Asked): Promise<Asked> {
    return this.#stage.ask({ ...call, workflowId: `${call.workflowId}/again` }, CONFIRMATION_TIMEOUT_MS);
  }

  #callOf(n: number): Call {
    const key = `${this.#fault}/${n}`;
    const workflowId = `${this.#stage.run.name}/${key}`;
    const { named = true, amountOf = () => n } = this.#options;
    return { workflowId, ...(named && { requestId: workflowId }), data: { key, amount: amountOf(n) } };
  }
}
