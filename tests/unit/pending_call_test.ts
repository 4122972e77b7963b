import { assert, assertEquals, assertFalse, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { PendingCall } from "../../src/client/pending_call.ts";
import { WriteConfirmationTimeoutError, WriteOutcomeUnknownError } from "../../src/protocol/failures.ts";
import type { Receipt } from "../../src/protocol/write.ts";

const receipt: Receipt = {
  requestId: "id",
  status: "committed",
  batchId: "b",
  committedAt: "2026-01-01T00:00:00.000Z",
};

function makeCall(): { call: PendingCall; done: PendingCall[] } {
  const done: PendingCall[] = [];
  return { call: new PendingCall("id", "digest", "1", null, 10, (call) => done.push(call)), done };
}

/** A clock reading that is behind every deadline that the tests set. */
const FAR_FUTURE_MS = Number.MAX_SAFE_INTEGER;

Deno.test("PendingCall.resolve() gives every waiting caller the receipt and reports once", async () => {
  const { call, done } = makeCall();
  const waits = [call.wait(1_000), call.wait(2_000, new AbortController().signal)];
  call.resolve(receipt);
  assertEquals(await Promise.all(waits), [receipt, receipt]);
  assertEquals(done, [call]);
  assert(call.abandoned);
});

Deno.test("PendingCall.reject() gives every waiting caller the error and reports once", async () => {
  const { call, done } = makeCall();
  const waits = [call.wait(1_000), call.wait(2_000)];
  const error = new Error("broken");
  call.reject(error);
  for (const wait of waits) assertEquals(await assertRejects(() => wait), error);
  assertEquals(done, [call]);
});

Deno.test("PendingCall reports once, whatever else is done with a call that has ended", () => {
  const { call, done } = makeCall();
  call.resolve(receipt);
  call.resolve(receipt);
  call.reject(new Error("late"));
  call.drop();
  assertEquals(done, [call]);
});

Deno.test("PendingCall.expire() fails only the callers whose deadline has passed", async () => {
  const { call, done } = makeCall();
  const short = call.wait(1_000);
  const long = call.wait(1_000_000);
  const now = performance.now();
  call.expire(now + 500);
  assertFalse(call.abandoned);
  call.expire(now + 2_000);
  const error = await assertRejects(() => short, WriteConfirmationTimeoutError, "within 1000 ms");
  assertEquals(error.outcome, "not written");
  assertFalse(call.abandoned);
  assertEquals(done, []);
  call.resolve(receipt);
  assertEquals(await long, receipt);
});

Deno.test("PendingCall.expire() says 'unknown' once the write was sent, and why the last try failed", async () => {
  const { call, done } = makeCall();
  const wait = call.wait(1_000);
  call.inFlight = true;
  call.lastProblem = "connection refused";
  call.expire(FAR_FUTURE_MS);
  const error = await assertRejects(() => wait, WriteConfirmationTimeoutError, "(last: connection refused)");
  assertEquals(error.outcome, "unknown");
  assertStringIncludes(error.message, "writing it again with the same id is safe");
  // The writer still carries it: its Update may be in flight.
  assert(call.abandoned);
  assertEquals(done, []);
});

Deno.test("PendingCall.drop() ends a call that nobody waits for", () => {
  const { call, done } = makeCall();
  assert(call.abandoned);
  call.drop();
  assertEquals(done, [call]);
});

Deno.test("PendingCall.wait() takes in another caller after the first has given up", async () => {
  const { call, done } = makeCall();
  const first = call.wait(1_000);
  call.expire(FAR_FUTURE_MS);
  await assertRejects(() => first, WriteConfirmationTimeoutError);
  const second = call.wait(1_000);
  assertFalse(call.abandoned);
  call.resolve(receipt);
  assertEquals(await second, receipt);
  assertEquals(done, [call]);
});

Deno.test("PendingCall.wait() rejects with the reason of a signal that fires before the write is sent", async () => {
  const { call } = makeCall();
  const abort = new AbortController();
  const stopped = call.wait(1_000, abort.signal);
  const other = call.wait(1_000);
  const reason = new Error("enough");
  abort.abort(reason);
  assertEquals(await assertRejects(() => stopped), reason);
  assertFalse(call.abandoned);
  call.resolve(receipt);
  assertEquals(await other, receipt);
});

Deno.test("PendingCall.wait() says that the outcome is unknown if a signal fires after the write was sent", async () => {
  const { call } = makeCall();
  const abort = new AbortController();
  const stopped = call.wait(1_000, abort.signal);
  call.inFlight = true;
  const reason = new Error("enough");
  abort.abort(reason);
  const error = await assertRejects(() => stopped, WriteOutcomeUnknownError);
  assertEquals([error.outcome, error.cause], ["unknown", reason]);
});

/** Counts the listeners of a signal. */
class CountedAbort extends AbortController {
  listeners = 0;

  constructor() {
    super();
    const { signal } = this;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      this.listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      this.listeners--;
      remove(...args);
    };
  }
}

Deno.test("PendingCall lets go of a signal however the wait ends", async () => {
  const ends: ((call: PendingCall, abort: AbortController) => void)[] = [
    (call) => call.resolve(receipt),
    (call) => call.reject(new Error("broken")),
    (call) => call.expire(FAR_FUTURE_MS),
    (_, abort) => abort.abort(),
  ];
  for (const end of ends) {
    const { call } = makeCall();
    const abort = new CountedAbort();
    const wait = call.wait(1_000, abort.signal);
    assertEquals(abort.listeners, 1);
    end(call, abort);
    await wait.catch((error) => assertInstanceOf(error, Error));
    assertEquals(abort.listeners, 0);
  }
});

Deno.test("PendingCall settles a caller once: what comes after its end changes nothing", async () => {
  const { call } = makeCall();
  const abort = new AbortController();
  const wait = call.wait(1_000, abort.signal);
  call.resolve(receipt);
  call.expire(FAR_FUTURE_MS);
  abort.abort();
  assertEquals(await wait, receipt);
});
