import { assertEquals } from "@std/assert";
import { BodyCache } from "../../src/bodies/body_cache.ts";

const payload = (text: string, encoding = "binary/plain") => ({
  metadata: { encoding: new TextEncoder().encode(encoding) },
  data: new TextEncoder().encode(text),
});

Deno.test("referenceTo() finds a body by owner, metadata and content", () => {
  const cache = new BodyCache(100);
  cache.add("a", { path: "1" }, payload("one"));
  assertEquals(cache.referenceTo("a", payload("one")), { path: "1" });
  assertEquals(cache.referenceTo("b", payload("one")), undefined);
  assertEquals(cache.referenceTo("a", payload("two")), undefined);
  assertEquals(cache.referenceTo("a", payload("one", "json/plain")), undefined);
});

Deno.test("referenceTo() names the reference that came last, also after the older one is gone", () => {
  const cache = new BodyCache(8);
  cache.add("a", { path: "1" }, payload("one"));
  cache.add("a", { path: "2" }, payload("one"));
  assertEquals(cache.referenceTo("a", payload("one")), { path: "2" });
  cache.add("a", { path: "3" }, payload("xyz"));
  assertEquals(cache.get({ path: "1" }), undefined);
  assertEquals(cache.referenceTo("a", payload("one")), { path: "2" });
});

Deno.test("get() finds a body whatever the order of its reference's fields", () => {
  const cache = new BodyCache(100);
  cache.add("a", { path: "1", sha256: "2" }, payload("one"));
  assertEquals(cache.get({ sha256: "2", path: "1" }), payload("one"));
});

Deno.test("add() holds no more than its limit, and drops what was used longest ago", () => {
  const cache = new BodyCache(9);
  for (const id of ["1", "2", "3"]) cache.add("a", { id }, payload(`no${id}`));
  assertEquals(cache.bytes, 9);
  cache.get({ id: "1" });
  cache.add("a", { id: "4" }, payload("no4"));
  assertEquals(["1", "2", "3", "4"].map((id) => cache.get({ id }) !== undefined), [true, false, true, true]);
  // Larger than the cache: it is not kept, and neither is anything else.
  cache.add("a", { id: "5" }, payload("0123456789"));
  assertEquals(cache.bytes, 0);
  assertEquals(cache.get({ id: "5" }), undefined);
});

Deno.test("add() of a reference that is there counts its bytes once", () => {
  const cache = new BodyCache(9);
  cache.add("a", { id: "1" }, payload("one"));
  cache.add("a", { id: "1" }, payload("one"));
  assertEquals(cache.bytes, 3);
});
