/**
 * How much of each load is made.
 *
 * @module
 */
import type { LoadShape } from "./load_shape.ts";
import type { LoadName } from "./report_data.ts";
import type { GatherPolicy } from "./variant.ts";

/** One load. */
export interface PlannedLoad {
  readonly shape: LoadShape;
  readonly rounds: number;
}

/** All loads. */
export interface LoadPlan {
  readonly loads: Readonly<Record<LoadName, PlannedLoad>>;
  /** What each variant does before its loads without a window, not counted. */
  readonly warmUp: LoadShape;
  /** The same load on different numbers of worker processes. */
  readonly scaling: PlannedLoad & { readonly processes: readonly number[]; readonly warmUp: LoadShape };
  /** Callers of a round whose histories are read, spread evenly; all of them if there are fewer. */
  readonly historiesMax: number;
  /** The policy of `trickle`, the same for every variant. */
  readonly window: GatherPolicy;
}

/** So rarely that a server's queues have nothing to do in between, whatever a variant asks of them. */
const SPARSE_EVERY_MS = 400;
const STEADY_CALLERS = 50;
const BURST_CALLERS = 500;
/** The trigger of the original system. */
const WINDOW_SIZE = 100;

const SCALING_PROCESSES = [1, 4, 8];

/** Two minutes of loads. */
export const QUICK_PLAN: LoadPlan = {
  loads: {
    idle: { shape: { kind: "one by one", calls: 10 }, rounds: 2 },
    sparse: { shape: { kind: "open", everyMs: SPARSE_EVERY_MS, durationMs: 4_000 }, rounds: 1 },
    steady: { shape: { kind: "closed", callers: STEADY_CALLERS, durationMs: 3_000 }, rounds: 2 },
    burst: { shape: { kind: "at once", calls: BURST_CALLERS }, rounds: 1 },
    trickle: { shape: { kind: "open", everyMs: 250, durationMs: 5_000 }, rounds: 1 },
    clients: { shape: { kind: "closed", callers: STEADY_CALLERS, durationMs: 2_000 }, rounds: 1 },
  },
  warmUp: { kind: "at once", calls: 50 },
  scaling: {
    processes: SCALING_PROCESSES,
    shape: { kind: "closed", callers: 24, durationMs: 2_500 },
    warmUp: { kind: "at once", calls: 24 },
    rounds: 1,
  },
  historiesMax: 30,
  window: { size: WINDOW_SIZE, windowMs: 2_000 },
};

/** Twenty minutes of loads. */
export const FULL_PLAN: LoadPlan = {
  loads: {
    idle: { shape: { kind: "one by one", calls: 50 }, rounds: 4 },
    sparse: { shape: { kind: "open", everyMs: SPARSE_EVERY_MS, durationMs: 25_000 }, rounds: 2 },
    steady: { shape: { kind: "closed", callers: STEADY_CALLERS, durationMs: 15_000 }, rounds: 4 },
    burst: { shape: { kind: "at once", calls: BURST_CALLERS }, rounds: 4 },
    trickle: { shape: { kind: "open", everyMs: 250, durationMs: 60_000 }, rounds: 2 },
    clients: { shape: { kind: "closed", callers: STEADY_CALLERS, durationMs: 5_000 }, rounds: 4 },
  },
  warmUp: { kind: "at once", calls: 300 },
  scaling: {
    processes: SCALING_PROCESSES,
    shape: { kind: "closed", callers: 48, durationMs: 10_000 },
    warmUp: { kind: "at once", calls: 144 },
    rounds: 2,
  },
  historiesMax: 100,
  window: { size: WINDOW_SIZE, windowMs: 20_000 },
};
