import { assertEquals, assertRejects } from "@std/assert";
import { ApplicationFailure } from "@temporalio/common";
import { LedgerView } from "../../src/core/ledger_view.ts";
import { FAILURE, type LedgerChangedDetails } from "../../src/protocol/failures.ts";
import { BATCHER_REVISION } from "../../src/protocol/messages.ts";
import { LedgerSplit, LedgerWatch } from "../../workflows/ledger_watch.ts";

const [A, B] = ["a", "b"].map((identity) => ({ identity, epoch: "1" }));

/** A flush meets another ledger, and while it asks around the answers to an earlier question show a split. */
async function flushesOf(revision: number): Promise<object> {
  const view = new LedgerView();
  view.seen(A);
  const actions = {
    askAround() {
      assertEquals(view.judge([A, B], Date.now()), "split");
      return Promise.resolve([B, B]);
    },
    endTask() {},
    forget() {},
  };
  const flushedInto: unknown[] = [];
  const flush = (ledger: unknown) => {
    flushedInto.push(ledger);
    const changed: LedgerChangedDetails = { wrote: "no", ledger: B };
    return Promise.reject(ApplicationFailure.nonRetryable("another ledger", FAILURE.LEDGER_CHANGED, changed));
  };
  const error = await assertRejects(() => new LedgerWatch(view, actions, revision).run(flush));
  return { flushedInto, current: view.current, split: error instanceof LedgerSplit };
}

Deno.test("LedgerWatch.run() heeds a split that compare() finds while it asks itself", async () => {
  assertEquals(await flushesOf(BATCHER_REVISION), { flushedInto: [A], current: A, split: true });
});

Deno.test("LedgerWatch.run() keeps to the commands of histories of before that", async () => {
  // It takes the other ledger over. That it logs this is refused outside of a workflow.
  assertEquals(await flushesOf(2), { flushedInto: [A], current: B, split: false });
});

Deno.test("LedgerWatch.compare() leaves the question open where another ledger was taken over meanwhile", async () => {
  const [A, B] = ["a", "b"].map((identity) => ({ identity, epoch: "1" }));
  for (const adopted of [false, true]) {
    const view = new LedgerView();
    view.seen(A);
    const askAround = () => {
      if (adopted) assertEquals(view.judge([B], Date.now()), "adopted");
      return Promise.resolve([view.current!]);
    };
    await new LedgerWatch(view, { askAround, endTask() {}, forget() {} }, 3).compare(1);
    assertEquals([view.compared, view.split], [!adopted, false]);
  }
});
