import { assert, assertEquals, assertThrows } from "@std/assert";
import { POSTGRES_COMMENTS } from "../../src/sinks/postgres/transaction.ts";
import { SinkError } from "../../src/sinks/sink.ts";
import { SQLITE_COMMENTS } from "../../src/sinks/sqlite/transaction.ts";
import { refuseControl } from "../../src/sinks/transaction_control.ts";

const BOTH = { POSTGRES_COMMENTS, SQLITE_COMMENTS };

function isRefused(sql: string, rules: keyof typeof BOTH): boolean {
  try {
    refuseControl(sql, BOTH[rules]);
    return false;
  } catch (error) {
    assert(error instanceof SinkError && error.kind === "setup" && error.wrote === "no");
    return true;
  }
}

const REFUSED: readonly string[] = [
  ..."abort begin commit end release rollback savepoint start BEGIN Commit".split(" "),
  "PREPARE TRANSACTION 'x'",
  "prepare/**/transaction 'x'",
  "  \n\t;; commit;",
  "\ufeffCOMMIT",
  "-- a\n--b\nEND",
  "/**/COMMIT",
  "/* one *//* two */\n-- three\nSavepoint x",
  "/* * / ** */ COMMIT",
  "ROLLBACK TO attempt",
];

const PASSED: readonly string[] = [
  "",
  " ; ",
  "--",
  "/*",
  "-- COMMIT",
  "/* COMMIT",
  "SELECT 1",
  "(SELECT 1)",
  "/* a */ UPDATE t SET x = 1 /* b */ END",
  "/* fees */ SELECT /* */ start FROM x",
  "-- note\nSELECT 1 -- x\nEND",
  "prepare fee AS SELECT 1",
  "committed",
  "begin_x",
  "UPDATE t SET x = 1 -- commit",
];

/** Text that one database takes for a comment and the other does not: refused by which? */
const DIFFER: readonly (readonly [string, keyof typeof BOTH])[] = [
  ["/* a /* b */ COMMIT", "SQLITE_COMMENTS"],
  ["/* a /* b */ c */ COMMIT", "POSTGRES_COMMENTS"],
  ["/* /*/ COMMIT", "SQLITE_COMMENTS"],
  ["-- a\rCOMMIT", "POSTGRES_COMMENTS"],
];

for (const rules of ["POSTGRES_COMMENTS", "SQLITE_COMMENTS"] as const) {
  Deno.test(`refuseControl() with ${rules} refuses what begins or ends a transaction, and nothing else`, () => {
    assertEquals(REFUSED.filter((sql) => !isRefused(sql, rules)), []);
    assertEquals(PASSED.filter((sql) => isRefused(sql, rules)), []);
    assertEquals(DIFFER.filter(([sql, by]) => isRefused(sql, rules) !== (by === rules)), []);
  });

  Deno.test(`refuseControl() with ${rules} takes time in proportion to the comments in front`, () => {
    for (const comment of ["/**/", "-- x\n", "/* */ ", "/*", ";", " "]) {
      const startedAt = performance.now();
      refuseControl(`${comment.repeat(100_000)}`, BOTH[rules]);
      const ms = performance.now() - startedAt;
      assert(ms < 1_000, `${Math.round(ms)} ms for 100,000 times ${JSON.stringify(comment)}`);
    }
    assertThrows(() => refuseControl(`${"/**/".repeat(100_000)}COMMIT`, BOTH[rules]), SinkError);
  });
}
