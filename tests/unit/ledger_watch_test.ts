import { assertEquals, assertRejects } from "@std/assert";
import { ApplicationFailure } from "@temporalio/common";
import { LedgerView } from "../../src/core/ledger_view.ts";
import { FAILURE, type LedgerChangedDetails } from "../../src/protocol/failures.ts";
import { LedgerSplit, LedgerWatch } from "../../workflows/ledger_watch.ts";

Deno.test("LedgerWatch.run() heeds a split that compare() finds while it asks itself", async () => {
  const [A, B] = ["a", "b"].map((identity) => ({ identity, epoch: "1" }));
  const view = new LedgerView();
  view.seen(A);
  const watch = new LedgerWatch(view, {
    askAround() {
      // What the answers to an earlier question do when they come now.
      assertEquals(view.judge([A, B], Date.now()), "split");
      return Promise.resolve([B, B]);
    },
    endTask() {},
    forget() {},
  });
  const flushedInto: unknown[] = [];
  const flush = (ledger: unknown) => {
    flushedInto.push(ledger);
    const changed: LedgerChangedDetails = { wrote: "no", ledger: B };
    return Promise.reject(ApplicationFailure.nonRetryable("another ledger", FAILURE.LEDGER_CHANGED, changed));
  };
  await assertRejects(() => watch.run(flush), LedgerSplit);
  assertEquals([flushedInto, view.current], [[A], A]);
});
