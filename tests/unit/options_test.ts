import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { LIMITS } from "../../src/protocol/limits.ts";
import {
  type BatchingOptions,
  PRESETS,
  resolveBatchingOptions,
  wholeNumberProblem,
} from "../../src/protocol/options.ts";

const DEFAULTS = resolveBatchingOptions();
const NAMES = Object.keys(DEFAULTS) as (keyof BatchingOptions)[];
/** What holds writes back; zero holds nothing back. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set(["windowMs", "gatherMs"]);

Deno.test("resolveBatchingOptions() fills in the documented defaults", () => {
  assertEquals(DEFAULTS, {
    maxBatchWrites: 2_000,
    maxBatchBytes: 1_048_576,
    windowMs: 0,
    confirmationTimeoutMs: 120_000,
    fastFlushMs: 3_000,
    durableFlushMs: 90_000,
    shards: 1,
    writersMax: 6,
    writerLeaseMs: 60_000,
    gatherMs: 0,
    maxPendingWrites: 20_000,
    maxPendingBytes: 16_777_216,
  });
  assertEquals(resolveBatchingOptions({ windowMs: undefined }), DEFAULTS);
});

Deno.test("resolveBatchingOptions() keeps what it is given, and nothing that it does not know", () => {
  const given = { maxBatchWrites: 5, windowMs: 20 };
  assertEquals(resolveBatchingOptions({ ...given, unknown: 1 } as BatchingOptions), { ...DEFAULTS, ...given });
});

for (const name of NAMES) {
  const bad = [NaN, Infinity, -Infinity, -1, 1.5, 2 ** 53, ...(MAY_BE_ZERO.has(name) ? [] : [0])];
  Deno.test(`resolveBatchingOptions() refuses a bad '${name}' and names option and value`, () => {
    for (const value of bad) {
      const error = assertThrows(() => resolveBatchingOptions({ [name]: value }), RangeError);
      assertStringIncludes(error.message, `Cannot batch as '${name}' must be a whole number from `);
      assertStringIncludes(error.message, `: current value is ${value}`);
    }
  });

  Deno.test(`resolveBatchingOptions() refuses a '${name}' that is not a number`, () => {
    for (const value of ["5", null, true, [5]]) {
      const options = { [name]: value } as unknown as BatchingOptions;
      assertThrows(() => resolveBatchingOptions(options), RangeError, `'${name}' must be a whole number`);
    }
  });
}

Deno.test("resolveBatchingOptions() takes both ends of each range, and nothing beyond them", () => {
  for (const name of NAMES) {
    const { message } = assertThrows(() => resolveBatchingOptions({ [name]: -1 }), RangeError);
    const [min, max] = /from (\d+) to (\d+)/.exec(message)!.slice(1).map(Number);
    // What the other options must be for this one to be at an end.
    const others: BatchingOptions = {
      maxBatchWrites: 1,
      confirmationTimeoutMs: 24 * 3_600_000,
      maxPendingWrites: 1_000_000,
    };
    assertEquals(resolveBatchingOptions({ ...others, [name]: min })[name], min);
    assertEquals(resolveBatchingOptions({ ...others, [name]: max })[name], max);
    assertThrows(() => resolveBatchingOptions({ ...others, [name]: min - 1 }), RangeError, name);
    assertThrows(() => resolveBatchingOptions({ ...others, [name]: max + 1 }), RangeError, name);
  }
});

Deno.test("resolveBatchingOptions() refuses a window that outlasts the patience of its callers", () => {
  for (const windowMs of [1_000, 1_001]) {
    assertThrows(
      () => resolveBatchingOptions({ windowMs, confirmationTimeoutMs: 1_000 }),
      RangeError,
      `'windowMs' must be below 'confirmationTimeoutMs': current values are ${windowMs} and 1000`,
    );
  }
  assertEquals(resolveBatchingOptions({ windowMs: 999, confirmationTimeoutMs: 1_000 }).windowMs, 999);
});

Deno.test("resolveBatchingOptions() refuses a window and a gathering that together outlast the patience of callers", () => {
  for (const gatherMs of [400, 401]) {
    assertThrows(
      () => resolveBatchingOptions({ windowMs: 600, gatherMs, confirmationTimeoutMs: 1_000 }),
      RangeError,
      "'windowMs' and 'gatherMs' together must be below 'confirmationTimeoutMs': " +
        `current values are 600, ${gatherMs} and 1000`,
    );
  }
  assertThrows(() => resolveBatchingOptions({ gatherMs: 1_000, confirmationTimeoutMs: 1_000 }), RangeError);
  assertEquals(resolveBatchingOptions({ windowMs: 600, gatherMs: 399, confirmationTimeoutMs: 1_000 }).gatherMs, 399);
});

Deno.test("resolveBatchingOptions() refuses a batch that does not fit into the queue", () => {
  assertThrows(
    () => resolveBatchingOptions({ maxBatchWrites: 10, maxPendingWrites: 9 }),
    RangeError,
    "'maxPendingWrites' must not be below 'maxBatchWrites': current values are 9 and 10",
  );
  assertEquals(resolveBatchingOptions({ maxBatchWrites: 10, maxPendingWrites: 10 }).maxPendingWrites, 10);
});

Deno.test("PRESETS are valid, and 'seed' is the policy of the original system", () => {
  for (const preset of Object.values(PRESETS)) assertEquals(resolveBatchingOptions(preset), { ...DEFAULTS, ...preset });
  assertEquals(PRESETS.seed, { maxBatchWrites: 100, windowMs: 20_000, gatherMs: 250 });
});

Deno.test("resolveBatchingOptions() lets no batch be larger than a durable flush can carry", () => {
  assertThrows(() => resolveBatchingOptions({ maxBatchBytes: LIMITS.batchBytesMax + 1 }), RangeError, "maxBatchBytes");
});

Deno.test("wholeNumberProblem() has nothing to say about a whole number within its bounds", () => {
  assertEquals(wholeNumberProblem("n", 1, 1, 3), undefined);
  assertEquals(wholeNumberProblem("n", 3, 1, 3), undefined);
  assertEquals(wholeNumberProblem("n", 4, 1, 3), "'n' must be a whole number from 1 to 3: current value is 4");
});
