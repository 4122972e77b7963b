import { assert, assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import { LIMITS, SERVER_LIMITS } from "../../src/protocol/limits.ts";
import * as names from "../../src/protocol/names.ts";

Deno.test("batcherWorkflowId() is name, shard and lane", () => {
  assertEquals(names.batcherWorkflowId("orders", 3, 1), "orders/3/1");
  assertEquals(names.batcherWorkflowId(names.DEFAULT_BATCHER_NAME, 0, 0), "batcher/0/0");
});

Deno.test("transactionWorkflowId() is the same for the same write, and another one for another row", () => {
  assertEquals(names.transactionWorkflowId("order-1", "c"), "transaction/order-1/c");
  assertNotEquals(names.transactionWorkflowId("order-1", "c"), names.transactionWorkflowId("order-1", "d"));
});

Deno.test("transactionWorkflowId() fits into what the server takes, in bytes, whatever the request id", () => {
  for (const unit of ["x", "é", "語", "😀"]) {
    for (const padding of ["", "x"]) {
      const requestId = padding + unit.repeat((LIMITS.requestIdCharsMax - 1) / unit.length);
      const workflowId = names.transactionWorkflowId(requestId, "c".repeat(64));
      assertLessOrEqual(new TextEncoder().encode(workflowId).length, SERVER_LIMITS.workflowIdCharsMax);
      assert(workflowId.isWellFormed());
      assert(workflowId.startsWith(`transaction/${padding}${unit}`));
    }
  }
});

Deno.test("names of queues, workflows and messages are not used twice", () => {
  const used = Object.values(names).filter((value) => typeof value === "string");
  // The workflow type of a batcher is also what a group of batchers is called where nobody gives a name.
  const expected = used.filter((name) => name !== names.DEFAULT_BATCHER_NAME);
  assertEquals(new Set(expected).size, expected.length);
});
