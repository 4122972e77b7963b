import { assert, assertEquals, assertFalse, assertObjectMatch } from "@std/assert";
import { GroupCommit } from "../../src/core/group_commit.ts";
import { DIGEST_CHARS } from "../../src/protocol/digests.ts";
import { PROTOCOL_VERSION, type SubmissionHeader } from "../../src/protocol/messages.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { resolveBatchingOptions } from "../../src/protocol/options.ts";

const encoder = new TextEncoder();

function part(index: number, count: number, over: Partial<SubmissionHeader> = {}): SubmissionHeader {
  const digests = "d".repeat(DIGEST_CHARS);
  return { version: PROTOCOL_VERSION, writer: "w", ids: ["large"], digests, part: { index, count }, ...over };
}

function newCommit(): GroupCommit {
  return new GroupCommit(resolveBatchingOptions({ writersMax: 2 }));
}

/** Hands a part in as the shell does; answers with the type of its refusal, if there is one. */
function submit(commit: GroupCommit, header: SubmissionHeader, text: string, nowMs = 0): string | undefined {
  const body = encoder.encode(text);
  const refusal = commit.refusal(header, body, nowMs);
  if (refusal) return refusal.type;
  commit.admit(header, body, nowMs);
  commit.leave(header, nowMs);
  return undefined;
}

Deno.test("GroupCommit puts a large write together from its parts, and flushes it as one", () => {
  const commit = newCommit();
  assertEquals(submit(commit, part(0, 3), '"ab'), undefined);
  assertEquals(submit(commit, part(1, 3), "cd"), undefined);
  assertFalse(commit.hasQueued);
  assertEquals(submit(commit, part(2, 3), 'ef"'), undefined);
  const batch = commit.take("b");
  assertEquals(batch.header.pieces[0].ids, ["large"]);
  assertEquals(new TextDecoder().decode(batch.bodies[0]), '"abcdef"');
  assertFalse(commit.awaitsParts(0));
});

Deno.test("GroupCommit refuses a part whose predecessors it does not have", () => {
  const commit = newCommit();
  assertEquals(submit(commit, part(1, 2), "x"), "PartsMissing");
  assertEquals(submit(commit, part(0, 3), "x"), undefined);
  assertEquals(submit(commit, part(2, 3), "x"), "PartsMissing");
  assertEquals(submit(commit, part(1, 3, { digests: "e".repeat(DIGEST_CHARS) }), "x"), "PartsMissing");
  assertEquals(submit(commit, part(1, 3, { ids: ["other"] }), "x"), "PartsMissing");
  assertEquals(submit(commit, part(0, 2), '"'), undefined);
  assertEquals(submit(commit, part(1, 2), '"'), undefined);
  assertEquals(commit.take("b").bodies[0].length, 2);
});

Deno.test("GroupCommit holds no more than the largest write for each writer, and parts of no more writers than it admits", () => {
  const commit = newCommit();
  const half = "x".repeat(LIMITS.writeBytesMax / 2);
  assertEquals(submit(commit, part(0, 3), half), undefined);
  const body = encoder.encode(half);
  assertObjectMatch(commit.refusal(part(1, 3), body, 0)!, { type: "InvalidWrite" });
  assertEquals(submit(commit, part(0, 2, { writer: "v" }), "x"), undefined);
  const later = 2 * resolveBatchingOptions().writerLeaseMs;
  assertEquals(submit(commit, part(0, 2, { writer: "u" }), "x", later), undefined);
  assertEquals(submit(commit, part(1, 3), "x", later), "PartsMissing");
  assertEquals(submit(commit, part(1, 2, { writer: "u" }), "x", later), undefined);
});

Deno.test("GroupCommit takes the largest write anew whose last part was refused", () => {
  const commit = newCommit();
  const third = "x".repeat(LIMITS.writeBytesMax / 3 - 20);
  for (let tries = 0; tries < 3; tries++) {
    for (let index = 0; index < 2; index++) assertEquals(submit(commit, part(index, 3), third), undefined);
  }
  assertEquals(submit(commit, part(2, 3), third), undefined);
});

Deno.test("GroupCommit refuses a part when the history is long, also where nothing is pending", () => {
  const commit = newCommit();
  const body = encoder.encode("x");
  assertEquals(commit.refusal(part(0, 2), body, 0, LIMITS.historyBytesMax - 100), undefined);
  assertEquals(commit.refusal(part(0, 2), body, 0, LIMITS.historyBytesMax)?.type, "Overloaded");
});

Deno.test("GroupCommit lets parts that have begun end before it rolls over, but not for ever", () => {
  const commit = newCommit();
  assertEquals(submit(commit, part(0, 2), "x"), undefined);
  assert(commit.awaitsParts(4_999));
  assertFalse(commit.awaitsParts(5_000));
  commit.close();
  assertEquals(submit(commit, part(0, 2, { writer: "v" }), "x"), "Overloaded");
  assertEquals(submit(commit, part(1, 2), "x"), undefined);
});

Deno.test("submissionProblem() names what is wrong with a part", () => {
  const problem = (over: unknown) => {
    const refusal = newCommit().refusal(part(0, 1, over as Partial<SubmissionHeader>), encoder.encode("1"), 0);
    return refusal?.type === "InvalidWrite" ? refusal.problem : refusal;
  };
  assertEquals(problem({ part: 1 }), "header.part must be an object: it is a number");
  assertEquals(problem({ part: { index: 0 } }), "header.part.count must be a number: it is missing");
  assertEquals(
    problem({ part: { index: 0, count: LIMITS.writePartsMax + 1 } }),
    `header.part.count must be a whole number from 1 to ${LIMITS.writePartsMax}: it is ${LIMITS.writePartsMax + 1}`,
  );
  assertEquals(
    problem({ part: { index: 2, count: 2 } }),
    "header.part.index must be a whole number from 0 to 1: it is 2",
  );
  assertEquals(
    problem({ ids: ["a", "b"], digests: "d".repeat(2 * DIGEST_CHARS) }),
    "header.ids must have one id where header.part is given: it has 2",
  );
});
