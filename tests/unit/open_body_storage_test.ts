import { assertEquals, assertThrows } from "@std/assert";
import { parseBodyStorage } from "../../src/bodies/open_body_storage.ts";

const GOOD: readonly [address: string, parsed: object][] = [
  ["file:data/bodies", { kind: "file", folder: "data/bodies" }],
  ["file:/mnt/with space", { kind: "file", folder: "/mnt/with space" }],
  ["s3://rows", { kind: "s3", bucket: "rows", prefix: "", pathStyle: false }],
  ["s3://rows/a/b/", { kind: "s3", bucket: "rows", prefix: "a/b", pathStyle: false }],
  [
    "s3://rows/a?region=eu-central-1&endpoint=http://127.0.0.1:9000&path_style=true",
    {
      kind: "s3",
      bucket: "rows",
      prefix: "a",
      region: "eu-central-1",
      endpoint: "http://127.0.0.1:9000",
      pathStyle: true,
    },
  ],
];

for (const [address, parsed] of GOOD) {
  Deno.test(`parseBodyStorage() reads ${address}`, () => assertEquals(parseBodyStorage(address), parsed));
}

const BAD: readonly [address: string, message: string][] = [
  ["", "must be file:DIR or s3://BUCKET/PREFIX"],
  ["/mnt/bodies", "must be file:DIR or s3://BUCKET/PREFIX"],
  ["file:", "must name a folder"],
  ["file:///mnt/bodies", "must name a folder: file:DIR, without slashes before it"],
  ["s3://", "must"],
  ["s3://key:secret@rows/a", "must not hold credentials"],
  ["s3://rows?regoin=x", "has a parameter regoin: it may have region, endpoint, path_style"],
  ["s3://rows?path_style=yes", "must have path_style=true or path_style=false"],
  [`s3://rows/${"a".repeat(201)}`, "must have a prefix of at most 200 characters: it has 201"],
];

for (const [address, message] of BAD) {
  Deno.test(`parseBodyStorage() refuses ${JSON.stringify(address.slice(0, 40))}`, () => {
    const error = assertThrows(() => parseBodyStorage(address), RangeError, message);
    assertEquals(error.message.includes("secret"), false);
  });
}
