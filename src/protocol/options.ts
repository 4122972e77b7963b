/**
 * How writes are batched: one interface with its defaults, parsed once at the edge.
 *
 * @module
 */
import { LIMITS } from "./limits.ts";

/** How writes are batched. Writer and batcher share it: whoever starts a batcher hands it these options. */
export interface BatchingOptions {
  /**
   * Writes in one flush. As many as an Update carries at most: to cut Updates in two costs a tenth of the throughput.
   * @default {2000}
   */
  readonly maxBatchWrites?: number;
  /**
   * Bytes of ids, keys and data in one flush.
   * @default {1048576}
   */
  readonly maxBatchBytes?: number;
  /**
   * Holds writes until the next multiple of this on the wall clock, or until a full batch is there. 0 holds nothing.
   * @default {0}
   */
  readonly windowMs?: number;
  /**
   * How long a write may go without an answer before its caller gets `WRITE_CONFIRMATION_TIMEOUT`.
   * @default {120000}
   */
  readonly confirmationTimeoutMs?: number;
  /**
   * How long the first attempt of a flush may take. It holds up the admission of new writes while it runs.
   * @default {3000}
   */
  readonly fastFlushMs?: number;
  /**
   * How long a flush is tried again after its first attempt failed, before its callers get `WRITE_OUTCOME_UNKNOWN`.
   * @default {90000}
   */
  readonly durableFlushMs?: number;
  /**
   * Shards over which writes are spread, by `fnv1a32(partitionKey ?? requestId) % shards`. Every writer of a name must have
   * the same number for a key's order to hold; exactly-once holds in any case.
   * @default {1}
   */
  readonly shards?: number;
  /**
   * Writers that one batcher admits; the next one goes to the next lane. Raise it only together with the server's
   * `history.maxInFlightUpdates`, and keep it four below: newcomers need room to ask.
   * @default {6}
   */
  readonly writersMax?: number;
  /**
   * How long a batcher keeps the place of a writer that is silent.
   * @default {60000}
   */
  readonly writerLeaseMs?: number;
  /**
   * How long a batcher waits for more writes before it flushes a batch that is not full, so that writers of several
   * processes meet in one flush. Each wait is a timer in the history. 0 waits for nothing.
   * @default {0}
   */
  readonly gatherMs?: number;
  /**
   * Writes that a batcher holds before it answers `Overloaded`.
   * @default {20000}
   */
  readonly maxPendingWrites?: number;
  /**
   * Bytes that a batcher holds before it answers `Overloaded`.
   * @default {16777216}
   */
  readonly maxPendingBytes?: number;
}

/** {@linkcode BatchingOptions} with every default filled in and every value checked. */
export type ResolvedBatchingOptions = Readonly<Required<BatchingOptions>>;

/** What each option is where it is left out. */
export const BATCHING_DEFAULTS: ResolvedBatchingOptions = {
  maxBatchWrites: LIMITS.updateWritesMax,
  maxBatchBytes: LIMITS.batchBytesMax,
  windowMs: 0,
  confirmationTimeoutMs: 120_000,
  fastFlushMs: 3_000,
  durableFlushMs: 90_000,
  shards: 1,
  writersMax: 6,
  writerLeaseMs: 60_000,
  gatherMs: 0,
  maxPendingWrites: 20_000,
  maxPendingBytes: 16 * 1024 * 1024,
};

const HOUR_MS = 3_600_000;

/** Bounds of every time that a caller may be willing to wait for its receipt. */
export const CONFIRMATION_TIMEOUT_BOUNDS_MS = [1, 24 * HOUR_MS] as const;

/** Smallest and largest value of each option. */
export const BATCHING_BOUNDS: Readonly<Record<keyof BatchingOptions, readonly [min: number, max: number]>> = {
  maxBatchWrites: [1, LIMITS.batchWritesMax],
  maxBatchBytes: [1_024, LIMITS.batchBytesMax],
  windowMs: [0, HOUR_MS],
  confirmationTimeoutMs: [100, 24 * HOUR_MS],
  // Above 4 s a batcher would take in nothing for so long that its callers' own attempts end.
  fastFlushMs: [100, 4_000],
  durableFlushMs: [1_000, 24 * HOUR_MS],
  shards: [1, LIMITS.shardsMax],
  writersMax: [1, LIMITS.writersMax],
  writerLeaseMs: [1_000, HOUR_MS],
  gatherMs: [0, 60_000],
  maxPendingWrites: [1, 1_000_000],
  // Pending writes are in the history too, which the server limits to 50 MB.
  maxPendingBytes: [1_024, 32 * 1024 * 1024],
};

/** Named sets of options. `seed` is the original system's policy: 100 writes or 20 s, whichever is first. */
export const PRESETS = {
  seed: { maxBatchWrites: 100, windowMs: 20_000, gatherMs: 250 },
} as const satisfies Record<string, BatchingOptions>;

/** Says what is wrong with an option that must be a whole number within bounds, or nothing. */
export function wholeNumberProblem(name: string, value: number, min: number, max: number): string | undefined {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return undefined;
  return `'${name}' must be a whole number from ${min} to ${max}: current value is ${value}`;
}

/**
 * Fills in defaults and checks every value.
 *
 * @throws {RangeError} If a value is not a whole number within its bounds, or if two values contradict each other. The
 * message names the option and the value.
 */
export function resolveBatchingOptions(options: BatchingOptions = {}): ResolvedBatchingOptions {
  const resolved: Record<string, number> = { ...BATCHING_DEFAULTS };
  for (const key of Object.keys(BATCHING_DEFAULTS) as (keyof BatchingOptions)[]) {
    const value = options[key];
    if (value === undefined) continue;
    const problem = wholeNumberProblem(key, value, ...BATCHING_BOUNDS[key]);
    if (problem !== undefined) throw new RangeError(`Cannot batch as ${problem}`);
    resolved[key] = value;
  }
  const checked = resolved as unknown as ResolvedBatchingOptions;
  if (checked.windowMs >= checked.confirmationTimeoutMs) {
    throw new RangeError(
      `Cannot batch as 'windowMs' must be below 'confirmationTimeoutMs': ` +
        `current values are ${checked.windowMs} and ${checked.confirmationTimeoutMs}`,
    );
  }
  if (checked.windowMs + checked.gatherMs >= checked.confirmationTimeoutMs) {
    throw new RangeError(
      `Cannot batch as 'windowMs' and 'gatherMs' together must be below 'confirmationTimeoutMs': ` +
        `current values are ${checked.windowMs}, ${checked.gatherMs} and ${checked.confirmationTimeoutMs}`,
    );
  }
  if (checked.maxPendingWrites < checked.maxBatchWrites) {
    throw new RangeError(
      `Cannot batch as 'maxPendingWrites' must not be below 'maxBatchWrites': ` +
        `current values are ${checked.maxPendingWrites} and ${checked.maxBatchWrites}`,
    );
  }
  return checked;
}
