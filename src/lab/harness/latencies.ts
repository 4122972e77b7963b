/**
 * Latencies of many callers in bounded memory, also across processes.
 *
 * @module
 */
import {
  build as buildHistogram,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from "hdr-histogram-js";
import { rounded } from "./figures.ts";

const US_PER_MS = 1_000;
/** An hour: histograms of several processes can be added only if their ranges are the same. */
const WAIT_US_MAX = 3_600_000_000;

/** A histogram of waits, in microseconds inside and in milliseconds outside. */
export class Latencies {
  readonly #us: Histogram;

  constructor(us: Histogram = buildHistogram({ highestTrackableValue: WAIT_US_MAX })) {
    this.#us = us;
  }

  /** How many waits it holds. */
  get count(): number {
    return this.#us.totalCount;
  }

  /** Adds one wait. */
  addMs(waitMs: number): void {
    this.#us.recordValue(Math.round(waitMs * US_PER_MS));
  }

  /** The wait at a percentile, in milliseconds. */
  ms(percentile: number): number {
    return rounded(this.#us.getValueAtPercentile(percentile) / US_PER_MS);
  }

  /** Adds all waits of another one. */
  addAll(other: Latencies): void {
    this.#us.add(other.#us);
  }

  /** As text, for another process. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#us);
  }

  /** What {@linkcode encode} has made into text. */
  static decode(text: string): Latencies {
    return new Latencies(decodeFromCompressedBase64(text));
  }
}
