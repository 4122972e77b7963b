/**
 * Shapes of a load: how many calls there are, and when each begins.
 *
 * @module
 */
import { inLoops, inParallel } from "../harness/load.ts";
import { pause } from "../harness/waiting.ts";
import type { Told } from "./variant.ts";

/** When calls begin. */
export type LoadShape =
  /**
   * So many callers, each of which calls again as soon as it is answered, for so long; on a slow machine longer, until
   * there are three answers for each caller.
   */
  | { readonly kind: "closed"; readonly callers: number; readonly durationMs: number }
  /** One caller after the other. */
  | { readonly kind: "one by one"; readonly calls: number }
  /** All at the same moment. */
  | { readonly kind: "at once"; readonly calls: number }
  /** At a steady rate, however long answers take. */
  | { readonly kind: "open"; readonly everyMs: number; readonly durationMs: number };

/** Answers for each caller of a closed loop, at least. */
const MIN_ROUNDS = 3;

/** Makes the n-th call and waits for what its caller is told. */
export type MakeCall = (n: number) => Promise<Told>;

/** One call, by the clock of the load generator. */
export interface CallRecord {
  readonly n: number;
  readonly told: Told;
  readonly begunAtMs: number;
  readonly endedAtMs: number;
}

/** What became of a load. */
export interface ShapeResult {
  /** Every call. */
  readonly calls: readonly CallRecord[];
  /** The calls whose waits count: those that did not begin in the rush at the start of a closed loop. */
  readonly counted: readonly CallRecord[];
  /** Answers for each second, in the time in which the load was what its name says. */
  readonly perSecond: number;
}

/** Makes the calls of a load and waits for all of them; with the signal, no new ones are begun. */
export async function runShape(shape: LoadShape, makeCall: MakeCall, signal: AbortSignal): Promise<ShapeResult> {
  const calls: CallRecord[] = [];
  const startedAtMs = performance.now();
  const call = async (n: number) => {
    const begunAtMs = performance.now();
    const told = await makeCall(n);
    calls.push({ n, told, begunAtMs, endedAtMs: performance.now() });
  };
  switch (shape.kind) {
    case "closed": {
      const goesOn = () => {
        const enough = performance.now() - startedAtMs >= shape.durationMs &&
          calls.length >= MIN_ROUNDS * shape.callers;
        return !enough && !signal.aborted;
      };
      await inLoops({ callers: shape.callers, goesOn }, call);
      return steadyPart(calls, shape.callers);
    }
    case "one by one":
      await inLoops({ callers: 1, goesOn: (n) => n < shape.calls && !signal.aborted }, call);
      break;
    case "at once":
      await inParallel(shape.calls, shape.calls, call);
      break;
    case "open": {
      const waiting: Promise<void>[] = [];
      for (let n = 0; n * shape.everyMs < shape.durationMs && !signal.aborted; n++) {
        await pause(startedAtMs + n * shape.everyMs - performance.now(), signal).catch(() => {});
        waiting.push(call(n));
      }
      await Promise.all(waiting);
      break;
    }
  }
  return { calls, counted: calls, perSecond: rate(calls.length, performance.now() - startedAtMs) };
}

/**
 * The part of a closed loop in which all callers were at work and out of step: after as many answers as there are callers,
 * which began in the same moment, and before the last call began.
 */
export function steadyPart(calls: readonly CallRecord[], callers: number): ShapeResult {
  const endAtMs = Math.max(...calls.map(({ begunAtMs }) => begunAtMs));
  const inOrder = calls.toSorted((a, b) => a.endedAtMs - b.endedAtMs);
  const fromMs = inOrder[Math.min(callers, inOrder.length) - 1]?.endedAtMs ?? endAtMs;
  const counted = calls.filter(({ begunAtMs }) => begunAtMs >= fromMs);
  if (counted.length === 0) {
    throw new Error(`The load was too short: ${calls.length} calls of ${callers} callers are only its start`);
  }
  const answers = calls.filter(({ endedAtMs }) => endedAtMs > fromMs && endedAtMs <= endAtMs).length;
  return { calls, counted, perSecond: rate(answers, endAtMs - fromMs) };
}

function rate(count: number, ms: number): number {
  return ms > 0 ? count / (ms / 1_000) : 0;
}

/**
 * Every item once in each round. Each round begins with the next item, and every other one goes backwards: none runs
 * always first, or always after the same other.
 */
export function* interleave<T>(items: readonly T[], rounds: number): Generator<{ round: number; item: T }> {
  const count = items.length;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < count; i++) {
      const step = round % 2 === 0 ? i : count - i;
      yield { round, item: items[(round + step) % count] };
    }
  }
}
