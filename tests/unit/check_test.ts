import { assert, assertEquals, assertFalse, assertLessOrEqual, assertMatch } from "@std/assert";
import {
  batcherNameProblem,
  kindOf,
  partitionKeyProblem,
  requestIdProblem,
  submissionBytes,
  submissionProblem,
} from "../../src/protocol/check.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { DIGEST_CHARS } from "../../src/protocol/digests.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/messages.ts";
import { textBytes } from "../../src/protocol/text_bytes.ts";

/** Stands for what may be in a bad value: no error line may repeat it. */
const SECRET = "s3cr3t";

const digest = "d".repeat(DIGEST_CHARS);
const good = { version: PROTOCOL_VERSION, writer: "writer", ids: ["a", "b"], digests: digest + digest };
const goodBody = new TextEncoder().encode("1\n2");

function manyIds(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `id-${i}`);
}

Deno.test("submissionProblem() has nothing to say about what our writers send", () => {
  assertEquals(submissionProblem(good, goodBody), undefined);
  assertEquals(submissionProblem({ ...good, keys: [null, "key"] }, goodBody), undefined);
  const count = LIMITS.updateWritesMax;
  const full = { ...good, ids: manyIds(count), digests: digest.repeat(count) };
  assertEquals(submissionProblem(full, new Uint8Array(count - 1).fill(10)), undefined);
});

const MALFORMED: readonly [name: string, header: unknown, body: unknown, problem: RegExp][] = [
  ["header missing", undefined, goodBody, /^header must be an object: it is missing$/],
  ["header null", null, goodBody, /^header must be an object: it is null$/],
  ["header array", [SECRET], goodBody, /^header must be an object: it is an array$/],
  ["header string", SECRET, goodBody, /^header must be an object: it is a string$/],
  ["version missing", {}, goodBody, /^header\.version must be 1 or 2: it is missing$/],
  ["version other", { ...good, version: 3 }, goodBody, /^header\.version must be 1 or 2: it is 3$/],
  ["version string", { ...good, version: SECRET }, goodBody, /^header\.version must be 1 or 2: it is a string$/],
  ["writer missing", { ...good, writer: undefined }, goodBody, /^header\.writer must be a string: it is missing$/],
  ["writer empty", { ...good, writer: "" }, goodBody, /^header\.writer must not be empty$/],
  [
    "writer long",
    { ...good, writer: SECRET.repeat(40) },
    goodBody,
    /^header\.writer must have at most 100 characters: it has 240$/,
  ],
  ["ids missing", { ...good, ids: undefined }, goodBody, /^header\.ids must be an array: it is missing$/],
  ["ids object", { ...good, ids: { 0: SECRET } }, goodBody, /^header\.ids must be an array: it is an object$/],
  ["ids empty", { ...good, ids: [] }, goodBody, /^header\.ids must not be empty$/],
  ["ids many", { ...good, ids: manyIds(2_001) }, goodBody, /^header\.ids must have at most 2000 ids: it has 2001$/],
  ["id number", { ...good, ids: ["a", 7] }, goodBody, /^header\.ids\[1\] must be a string: it is a number$/],
  ["id missing", { ...good, ids: ["a", undefined] }, goodBody, /^header\.ids\[1\] must be a string: it is missing$/],
  ["id empty", { ...good, ids: ["", "b"] }, goodBody, /^header\.ids\[0\] must not be empty$/],
  [
    "id long",
    { ...good, ids: [SECRET.repeat(200), "b"] },
    goodBody,
    /^header\.ids\[0\] must have at most 1100 characters: it has 1200$/,
  ],
  [
    "id NUL",
    { ...good, ids: [`${SECRET}\u0000`, "b"] },
    goodBody,
    /^header\.ids\[0\] must not hold control characters$/,
  ],
  [
    "id DEL",
    { ...good, ids: [`${SECRET}\u007f`, "b"] },
    goodBody,
    /^header\.ids\[0\] must not hold control characters$/,
  ],
  [
    "id surrogate",
    { ...good, ids: [`${SECRET}\ud800`, "b"] },
    goodBody,
    /^header\.ids\[0\] must be well-formed Unicode/,
  ],
  ["id repeated", { ...good, ids: [SECRET, SECRET] }, goodBody, /^header\.ids\[1\] repeats header\.ids\[0\]$/],
  ["digests missing", { ...good, digests: undefined }, goodBody, /^header\.digests must be a string: it is missing$/],
  [
    "digests short",
    { ...good, digests: SECRET },
    goodBody,
    /^header\.digests must have 22 characters for each id: it has 6 for 2$/,
  ],
  [
    "digests of other text",
    { ...good, digests: `${SECRET}\u0000`.padEnd(44, "語") },
    goodBody,
    /^header\.digests must be base64url$/,
  ],
  ["keys null", { ...good, keys: null }, goodBody, /^header\.keys must be an array: it is null$/],
  ["keys few", { ...good, keys: [SECRET] }, goodBody, /^header\.keys must have one key for each id: it has 1 for 2$/],
  [
    "key missing",
    { ...good, keys: [null, undefined] },
    goodBody,
    /^header\.keys\[1\] must be a string: it is missing$/,
  ],
  ["key empty", { ...good, keys: [null, ""] }, goodBody, /^header\.keys\[1\] must not be empty$/],
  [
    "key long",
    { ...good, keys: [null, SECRET.repeat(50)] },
    goodBody,
    /^header\.keys\[1\] must have at most 256 characters: it has 300$/,
  ],
  ["body missing", good, undefined, /^body must be bytes \(a binary\/plain payload\): it is missing$/],
  ["body string", good, SECRET, /^body must be bytes \(a binary\/plain payload\): it is a string$/],
  ["body array", good, [49, 10, 50], /^body must be bytes \(a binary\/plain payload\): it is an array$/],
  ["body few lines", good, new TextEncoder().encode(SECRET), /^body must have one line for each id: it has 1 for 2$/],
  ["body empty", good, new Uint8Array(), /^body must have one line for each id: it has 1 for 2$/],
  [
    "body many lines",
    good,
    new TextEncoder().encode("1\n2\n"),
    /^body must have one line for each id: it has 3 for 2$/,
  ],
  [
    "body large",
    good,
    new Uint8Array(LIMITS.writeBytesMax - 1),
    /^ids, keys and body must have at most 1048576 bytes: they have 1048577$/,
  ],
];

for (const [name, header, body, problem] of MALFORMED) {
  Deno.test(`submissionProblem() names field, kind and limit, and no value: ${name}`, () => {
    const line = submissionProblem(header, body);
    assert(line !== undefined);
    assertMatch(line, problem);
    assertFalse(line.includes(SECRET));
    assertFalse(line.includes("\n"));
  });
}

Deno.test("requestIdProblem() takes everything that a database stores faithfully", () => {
  for (const id of ["a", " ", "order/17", '"quoted"', "語", "😀", "\u2028", "x".repeat(LIMITS.requestIdCharsMax)]) {
    assertEquals(requestIdProblem(id), undefined);
  }
  assertMatch(
    requestIdProblem("x".repeat(LIMITS.requestIdCharsMax + 1))!,
    /^requestId must have at most 1100 characters/,
  );
});

Deno.test("partitionKeyProblem() has a limit of its own", () => {
  assertEquals(partitionKeyProblem("x".repeat(LIMITS.partitionKeyCharsMax)), undefined);
  assertMatch(partitionKeyProblem("x".repeat(LIMITS.partitionKeyCharsMax + 1))!, /^partitionKey must have at most 256/);
});

Deno.test("kindOf() names the kind of a value", () => {
  const kinds: [unknown, string][] = [
    [null, "null"],
    [undefined, "missing"],
    [[], "an array"],
    [{}, "an object"],
    [new Uint8Array(), "bytes"],
    ["", "a string"],
    [1, "a number"],
    [true, "a boolean"],
    [1n, "a bigint"],
    [() => {}, "a function"],
  ];
  for (const [value, kind] of kinds) assertEquals(kindOf(value), kind);
});

Deno.test("submissionBytes() counts ids, keys and body", () => {
  const body = new Uint8Array(7);
  assertEquals(submissionBytes(["ab", "c"], undefined, body), 10);
  assertEquals(submissionBytes(["ab", "c"], [null, "1234"], body), 14);
});

Deno.test("textBytes() is never less than what a text takes as JSON in UTF-8, and exact for plain ASCII", () => {
  const encoder = new TextEncoder();
  for (const text of ["", "order/17 ~", '"', "\\", "é", "語", "😀", "\u2028", "a語", "/"]) {
    const bytes = encoder.encode(JSON.stringify(text)).length - 2;
    assertLessOrEqual(bytes, textBytes(text));
  }
  assertEquals(textBytes("order/17 ~"), 10);
});

Deno.test("submissionProblem() refuses ids that fit in characters and not in bytes, which would stall a batcher", () => {
  const count = 900;
  const ids = manyIds(count).map((id) => id.padEnd(LIMITS.requestIdCharsMax, "語"));
  const header = { ...good, ids, digests: digest.repeat(count) };
  const line = submissionProblem(header, new Uint8Array(count - 1).fill(10));
  assertMatch(line ?? "", /^ids, keys and body must have at most 1048576 bytes: they have \d+$/);
});

Deno.test("batcherNameProblem() counts bytes, and takes a name at the limit", () => {
  const limit = LIMITS.batcherNameBytesMax;
  assertEquals(batcherNameProblem("n".repeat(limit), "'name'"), undefined);
  assertEquals(batcherNameProblem("é".repeat(limit / 2), "'name'"), undefined);
  const mistakes: [unknown, string][] = [
    ["n".repeat(limit + 1), "'name' must have at most 200 characters: it has 201"],
    ["é".repeat(limit / 2 + 1), "'name' must have at most 200 bytes in UTF-8: it has 202"],
    ["", "'name' must not be empty"],
    ["a\nb", "'name' must not hold control characters"],
    ["\ud800", "'name' must be well-formed Unicode: it holds half of a surrogate pair"],
    [7, "'name' must be a string: it is a number"],
    [null, "'name' must be a string: it is null"],
  ];
  for (const [name, expected] of mistakes) assertEquals(batcherNameProblem(name, "'name'"), expected);
});
