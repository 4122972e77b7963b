import { AssertionError, assertThrows } from "@std/assert";
import fc from "fast-check";
import { GroupCommit } from "../../src/core/group_commit.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/messages.ts";
import { GroupCommitModel } from "./group_commit_model.ts";
import type { ModelItem, ModelLimits, ModelOutcome } from "./model_write.ts";

/** Data and not functions: a counterexample is to say what happened. */
type Command =
  | { readonly submit: readonly ModelItem[]; readonly writer: string; readonly version: number; readonly mark?: number }
  | { readonly wait: number }
  | { readonly take: true }
  | { readonly settle: number; readonly outcomes: readonly ModelOutcome[] }
  | { readonly settleAll: number }
  | { readonly malformed: readonly [header: unknown, body: unknown] };

function run(model: GroupCommitModel, command: Command): void {
  if ("submit" in command) model.submit(command.submit, command.writer, command.version, command.mark);
  else if ("wait" in command) model.wait(command.wait);
  else if ("take" in command) model.take();
  else if ("settle" in command) model.settle(command.settle, command.outcomes);
  else if ("settleAll" in command) model.settleAll(command.settleAll);
  else model.submitMalformed(...command.malformed);
}

/** Few ids, so that most submissions meet writes that are queued, in a flush or settled already. */
const item: fc.Arbitrary<ModelItem> = fc.record({
  id: fc.integer({ min: 0, max: 14 }),
  variant: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
  key: fc.constantFrom(null, null, "key"),
});

const outcome = fc.constantFrom<ModelOutcome>(
  "committed",
  "committed",
  "result",
  "duplicate",
  "rejected",
  "conflict",
  "failed",
  "unknown",
);

const line = new TextEncoder().encode("1");
const good = { version: PROTOCOL_VERSION, writer: "w", ids: ["id-1"], digests: "d".repeat(22) };

const malformed = fc.constantFrom<[header: unknown, body: unknown]>(
  [undefined, line],
  [{ ...good, version: PROTOCOL_VERSION + 1 }, line],
  [{ ...good, version: 1 }, line],
  [{ ...good, version: 0 }, line],
  [{ ...good, mark: -1 }, line],
  [{ ...good, mark: 0.5 }, line],
  [{ ...good, mark: "1" }, line],
  [{ ...good, ids: [] }, line],
  [{ ...good, ids: ["id-1", "id-1"], digests: "d".repeat(44) }, new TextEncoder().encode("1\n1")],
  [{ ...good, digests: "short" }, line],
  [{ ...good, digests: "\u0000".repeat(22) }, line],
  [{ ...good, keys: [null, null] }, line],
  [good, "1"],
  [good, new TextEncoder().encode("1\n2")],
);

const command = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      submit: fc.uniqueArray(item, { minLength: 1, maxLength: 8, selector: ({ id }) => id }),
      writer: fc.constantFrom("w1", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"),
      version: fc.constantFrom(1, PROTOCOL_VERSION, PROTOCOL_VERSION),
      mark: fc.constantFrom(undefined, undefined, 0, 1, Number.MAX_SAFE_INTEGER),
    }),
  },
  { weight: 3, arbitrary: fc.record({ wait: fc.constantFrom(1, 40, 99, 100, 101) }) },
  { weight: 5, arbitrary: fc.constant<Command>({ take: true }) },
  {
    weight: 5,
    arbitrary: fc.record({ settle: fc.nat(5), outcomes: fc.array(outcome, { minLength: 1, maxLength: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ settleAll: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ malformed }) },
);

const limits: fc.Arbitrary<ModelLimits> = fc.record({
  maxBatchWrites: fc.integer({ min: 1, max: 6 }),
  // The smallest holds no write at all, so that single writes are over the limit by themselves.
  maxBatchBytes: fc.constantFrom(8, 40, 90, 1_000),
  maxPendingWrites: fc.integer({ min: 1, max: 12 }),
  maxPendingBytes: fc.constantFrom(30, 120, 10_000),
  writersMax: fc.integer({ min: 1, max: 8 }),
  writerLeaseMs: fc.constant(100),
});

Deno.test("GroupCommit loses no write, settles none twice and keeps their order, whatever the schedule", () => {
  fc.assert(
    fc.property(limits, fc.array(command, { maxLength: 60, size: "max" }), (limits, commands) => {
      const model = new GroupCommitModel(limits);
      for (const command of commands) run(model, command);
      model.finish();
    }),
    { numRuns: 500 },
  );
});

Deno.test("GroupCommit.close() turns only new writes away, and everything pending still ends", () => {
  fc.assert(
    fc.property(
      limits,
      fc.array(command, { maxLength: 30, size: "max" }),
      fc.array(command, { maxLength: 30, size: "max" }),
      (limits, before, after) => {
        const model = new GroupCommitModel(limits);
        for (const command of before) run(model, command);
        model.close();
        for (const command of after) run(model, command);
        model.finish();
      },
    ),
    { numRuns: 300 },
  );
});

/** A batcher that forgets writes in a flush: what the model must not let pass. */
class ForgetfulGroupCommit extends GroupCommit {
  override take(batchId: string): ReturnType<GroupCommit["take"]> {
    super.take(batchId);
    return super.take(batchId);
  }
}

Deno.test("GroupCommitModel notices a batcher that loses a batch", () => {
  const model = new GroupCommitModel(
    {
      maxBatchWrites: 1,
      maxBatchBytes: 1_000,
      maxPendingWrites: 12,
      maxPendingBytes: 10_000,
      writersMax: 4,
      writerLeaseMs: 100,
    },
    ForgetfulGroupCommit,
  );
  model.submit([0, 1, 2, 3].map((id) => ({ id, variant: 0, key: null })));
  assertThrows(() => model.finish(), AssertionError);
});
