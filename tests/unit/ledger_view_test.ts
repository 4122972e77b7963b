import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { ledgersOf, LedgerView } from "../../src/core/ledger_view.ts";
import { LIMITS } from "../../src/protocol/limits.ts";

const ledger = (identity: string, epoch = "1") => ({ identity, epoch });
const NOW_MS = 1_800_000_000_000;
const [A, B, C] = ["a", "b", "c"].map((name) => ledger(name));

function viewOf(first = A): LedgerView {
  const view = new LedgerView();
  view.seen(first);
  return view;
}

Deno.test("LedgerView.seen() takes the first ledger that is named, and no other", () => {
  const view = new LedgerView();
  assertEquals(view.current, undefined);
  view.seen(undefined);
  view.seen(A);
  view.seen(B);
  assertEquals([view.current, view.split], [A, false]);
});

Deno.test("LedgerView.judge() takes over another ledger that all workers name, and a new epoch of the same one", () => {
  const view = viewOf();
  const renewed = ledger("a", "2");
  assert(view.knows(renewed));
  assertEquals([view.judge([renewed], NOW_MS), view.current], ["renewed", renewed]);
  assertFalse(view.knows(B));
  assertEquals([view.judge([B, B, B], NOW_MS), view.current], ["adopted", B]);
  assertEquals([view.judge([C], NOW_MS), view.current], ["adopted", C]);
});

Deno.test("LedgerView.judge() finds a split where workers name different ledgers, and its end where they agree", () => {
  const view = viewOf();
  for (const answers of [[A, B], [B, A], [B, B, C, B]]) {
    assertEquals([view.judge(answers, NOW_MS), view.split, view.current], ["split", true, A]);
  }
  assert(view.mustWait(NOW_MS) && view.mustWait(NOW_MS + LIMITS.ledgerSplitMs - 1));
  assertFalse(view.mustWait(NOW_MS + LIMITS.ledgerSplitMs));
  assertEquals([view.judge([A, A], NOW_MS), view.split, view.current], ["renewed", false, A]);
  assertFalse(view.mustWait(NOW_MS));
  assertEquals(view.judge([A, B], NOW_MS), "split");
  assertEquals([view.judge([B, B], NOW_MS), view.split, view.current], ["adopted", false, B]);
});

Deno.test("LedgerView.judge() stops once when a ledger comes back that was given up, also in a later run", () => {
  const view = viewOf();
  assertEquals(view.judge([B, B], NOW_MS), "adopted");
  const next = new LedgerView(JSON.parse(JSON.stringify(view.snapshot())));
  for (const each of [view, next]) {
    assertEquals([each.judge([A, A], NOW_MS), each.split, each.current], ["split", true, B]);
    assertEquals([each.judge([A, A], NOW_MS), each.split, each.current], ["adopted", false, A]);
    assertEquals(each.judge([B, B], NOW_MS), "split");
  }
});

Deno.test("LedgerView.snapshot() holds no more ledgers than it may, the newest ones", () => {
  const view = viewOf(ledger("0"));
  for (let n = 1; n <= LIMITS.ledgersGivenUpMax + 3; n++) assertEquals(view.judge([ledger(`${n}`)], NOW_MS), "adopted");
  const { identity, givenUp } = view.snapshot()!;
  assertEquals(identity, `${LIMITS.ledgersGivenUpMax + 3}`);
  assertEquals(givenUp.length, LIMITS.ledgersGivenUpMax);
  assertEquals(givenUp.at(-1), `${LIMITS.ledgersGivenUpMax + 2}/1`);
});

Deno.test("LedgerView.judge() stops when an epoch comes back, as with a restored copy beside its original", () => {
  const view = viewOf(ledger("a", "1"));
  const copy = ledger("a", "2");
  assertEquals(view.judge([copy], NOW_MS), "renewed");
  assertEquals([view.judge([ledger("a", "1")], NOW_MS), view.split, view.current], ["split", true, copy]);
  // Later on all of them are asked, and must agree on the epoch too.
  assertEquals(view.judge([ledger("a", "1"), copy], NOW_MS), "split");
  assertEquals([view.judge([copy, copy], NOW_MS), view.split], ["renewed", false]);
  assertEquals(view.judge([ledger("a", "1")], NOW_MS), "split");
});

Deno.test("LedgerView.judge() follows one prune after the other", () => {
  const view = viewOf(ledger("a", "0"));
  for (let epoch = 1; epoch <= 20; epoch++) assertEquals(view.judge([ledger("a", `${epoch}`)], NOW_MS), "renewed");
  assertEquals(view.judge([ledger("a", "20"), ledger("a", "21")], NOW_MS), "renewed");
  assertFalse(view.split);
});

Deno.test("ledgersOf() hears every worker that answers, also beside one that cannot", () => {
  const answered = (ledger?: typeof A) => ({ status: "fulfilled", value: { ledger } }) as const;
  const failed = { status: "rejected", reason: new Error("the ledger has lost its identity") } as const;
  assertEquals(ledgersOf([failed, answered(A), answered(), failed, answered(B)]), [A, B]);
  assertEquals(ledgersOf([answered()]), []);
  assertThrows(() => ledgersOf([failed, failed]), Error, "lost its identity");
});

Deno.test("LedgerView.snapshot() says whether other workers were asked, and an earlier run's does not", () => {
  const view = viewOf();
  assertFalse(new LedgerView(view.snapshot()).compared);
  view.compared = true;
  assert(new LedgerView(view.snapshot()).compared);
});
