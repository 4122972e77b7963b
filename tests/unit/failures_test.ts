import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import {
  DatabaseWriteFailedError,
  FAILURE,
  InvalidWriteError,
  OverloadedError,
  RequestIdConflictError,
  shortMessage,
  WriteConfirmationTimeoutError,
  WriteError,
  WriteOutcomeUnknownError,
  WriteSubmissionFailedError,
} from "../../src/protocol/failures.ts";
import { LIMITS } from "../../src/protocol/limits.ts";

const cause = new Error("cause");

const ERRORS: readonly [error: WriteError, name: string, type: string, outcome: string][] = [
  [new InvalidWriteError("m"), "InvalidWriteError", FAILURE.INVALID_WRITE, "not written"],
  [new RequestIdConflictError("id"), "RequestIdConflictError", FAILURE.REQUEST_ID_CONFLICT, "not written"],
  [new OverloadedError("m", 100), "OverloadedError", FAILURE.OVERLOADED, "not written"],
  [new DatabaseWriteFailedError("m"), "DatabaseWriteFailedError", FAILURE.DATABASE_WRITE_FAILED, "not written"],
  [new WriteOutcomeUnknownError("m", { cause }), "WriteOutcomeUnknownError", FAILURE.WRITE_OUTCOME_UNKNOWN, "unknown"],
  [
    new WriteConfirmationTimeoutError("m", "unknown"),
    "WriteConfirmationTimeoutError",
    FAILURE.WRITE_CONFIRMATION_TIMEOUT,
    "unknown",
  ],
  [
    new WriteConfirmationTimeoutError("m", "not written"),
    "WriteConfirmationTimeoutError",
    FAILURE.WRITE_CONFIRMATION_TIMEOUT,
    "not written",
  ],
  [
    new WriteSubmissionFailedError("m", "unknown", { cause }),
    "WriteSubmissionFailedError",
    FAILURE.WRITE_SUBMISSION_FAILED,
    "unknown",
  ],
];

for (const [error, name, type, outcome] of ERRORS) {
  Deno.test(`${name} says what it is and that the outcome is ${outcome}`, () => {
    assertInstanceOf(error, WriteError);
    assertInstanceOf(error, Error);
    assertEquals({ name: error.name, type: error.type, outcome: error.outcome }, { name, type, outcome });
    assertStringIncludes(String(error), name);
  });
}

Deno.test("WriteError keeps its cause", () => {
  assertEquals(new WriteOutcomeUnknownError("m", { cause }).cause, cause);
  assertEquals(new WriteSubmissionFailedError("m", "unknown", { cause }).cause, cause);
});

Deno.test("FAILURE has no type twice", () => {
  const types = Object.values(FAILURE);
  assertEquals(new Set(types).size, types.length);
});

Deno.test("RequestIdConflictError names the id, quoted so that it cannot pass for a part of the sentence", () => {
  const error = new RequestIdConflictError('a "b"\u2028');
  assertEquals(error.requestId, 'a "b"\u2028');
  assertStringIncludes(error.message, String.raw`"a \"b\"`);
});

Deno.test("OverloadedError says how long to wait", () => {
  assertEquals(new OverloadedError("m", 70).retryAfterMs, 70);
});

Deno.test("shortMessage() takes the message of an error, and the text of anything else", () => {
  assertEquals(shortMessage(new Error("broken")), "broken");
  assertEquals(shortMessage("text"), "text");
  assertEquals(shortMessage(undefined), "undefined");
});

Deno.test("shortMessage() keeps what fits and cuts what does not", () => {
  const fits = "x".repeat(LIMITS.errorMessageCharsMax);
  assertEquals(shortMessage(fits), fits);
  const cut = shortMessage(`${fits}y`);
  assertEquals(cut.length, LIMITS.errorMessageCharsMax);
  assert(cut.endsWith("x…"));
});

Deno.test("shortMessage() leaves no half of a surrogate pair, which could not pass the wire", () => {
  for (const padding of ["", "x"]) {
    const cut = shortMessage(padding + "😀".repeat(LIMITS.errorMessageCharsMax));
    assert(cut.isWellFormed());
    assertEquals(cut.length, LIMITS.errorMessageCharsMax);
  }
  assert(shortMessage("\ud800").isWellFormed());
});
