import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { type Attempt, ERROR_MESSAGE_CHARS_MAX, isolate, RowFault } from "../../src/sinks/isolate.ts";

/** A database with savepoints: rows of a failed attempt are undone. */
class Rows {
  readonly kept: number[] = [];
  attempts = 0;

  constructor(readonly isBad: (row: number, soFar: readonly number[]) => boolean) {}

  readonly attempt: Attempt<string> = (start, end) => {
    this.attempts++;
    const savepoint = this.kept.length;
    for (let row = start; row < end; row++) {
      if (this.isBad(row, this.kept)) {
        this.kept.length = savepoint;
        return Promise.reject(new RowFault("BAD", `row ${row}`));
      }
      this.kept.push(row);
    }
    return Promise.resolve(this.kept.slice(savepoint).map((row) => `value ${row}`));
  };
}

const batches = fc.integer({ min: 0, max: 300 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    bad: count === 0 ? fc.constant<number[]>([]) : fc.uniqueArray(fc.nat(count - 1), { maxLength: 40 }),
  })
);

Deno.test("isolate() refuses exactly the bad rows, keeps all others in order, and few attempts", async () => {
  await fc.assert(fc.asyncProperty(batches, async ({ count, bad }) => {
    const rows = new Rows((row) => bad.includes(row));
    const isolated = await isolate(count, rows.attempt);
    const all = Array.from({ length: count }, (_, row) => row);
    assertEquals(rows.kept, all.filter((row) => !bad.includes(row)));
    assertEquals(
      isolated.map(({ fault, value }) => fault?.message ?? value),
      all.map((row) => bad.includes(row) ? `row ${row}` : `value ${row}`),
    );
    const depth = count > 1 ? Math.ceil(Math.log2(count)) : 0;
    const limit = Math.min(1 + 2 * bad.length * (1 + depth), 2.5 * count);
    assert(rows.attempts <= limit, `${rows.attempts} attempts, limit ${limit}`);
  }));
});

Deno.test("isolate() settles every row when a row is only bad together with another one", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 200 }), fc.nat(), fc.nat(), async (count, one, two) => {
      const [first, second] = [one % count, two % count].sort((a, b) => a - b);
      const rows = new Rows((row, soFar) => row === second && soFar.includes(first));
      const isolated = await isolate(count, rows.attempt);
      assertEquals(isolated.length, count);
      assertEquals(rows.kept, isolated.flatMap(({ fault }, row) => fault === undefined ? [row] : []));
      assert(isolated.filter(({ fault }) => fault !== undefined).length <= 1);
    }),
  );
});

Deno.test("isolate() finds one bad row of 1,000 in at most 13 attempts", async () => {
  for (let bad = 0; bad < 1_000; bad++) {
    const rows = new Rows((row) => row === bad);
    await isolate(1_000, rows.attempt);
    assert(rows.attempts <= 13, `${rows.attempts} attempts for row ${bad}`);
  }
});

Deno.test("isolate() takes little more than one attempt a row when many are bad, wherever they are", async () => {
  const MANY: readonly ((row: number) => boolean)[] = [
    () => true,
    (row) => row % 2 === 0,
    (row) => Math.imul(row, 2_654_435_761) >>> 31 === 0,
    (row) => row < 1_000,
    (row) => row >= 1_000,
  ];
  for (const isBad of MANY) {
    const rows = new Rows(isBad);
    await isolate(2_000, rows.attempt);
    assert(rows.attempts <= 2_300, `${rows.attempts} attempts where ${isBad}`);
  }
});

Deno.test("isolate() makes no attempt for all rows when that has failed before", async () => {
  for (const bad of [0, 613, 999]) {
    const rows = new Rows((row) => row === bad);
    await isolate(1_000, rows.attempt, true);
    assert(rows.attempts <= 12, `${rows.attempts} attempts for row ${bad}`);
    assertEquals(rows.kept.length, 999);
  }
});

Deno.test("isolate() ends with an error that is not a row's fault", async () => {
  const down: Attempt<string> = (start, end) => {
    if (end - start > 1) return Promise.reject(new RowFault("BAD", "somewhere"));
    return Promise.reject(new TypeError("down"));
  };
  await assertRejects(() => isolate(10, down), TypeError, "down");
});

Deno.test("isolate() refuses an attempt that returns the wrong number of values", async () => {
  await assertRejects(() => isolate(2, () => Promise.resolve(["only one"])), RangeError, "their 1 values");
});

Deno.test("RowFault cuts a long message and leaves no half of a character that UTF-8 cannot hold", () => {
  const fault = new RowFault("BAD", "\u{1F600}".repeat(ERROR_MESSAGE_CHARS_MAX));
  assertEquals(fault.message.length, ERROR_MESSAGE_CHARS_MAX);
  const odd = new RowFault("BAD", ` ${"\u{1F600}".repeat(ERROR_MESSAGE_CHARS_MAX)}`);
  assert(odd.message.isWellFormed());
  assert(odd.message.endsWith("\\ud83d"));
});
