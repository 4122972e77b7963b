import { assertEquals } from "@std/assert";
import { permittedTest } from "../support/permitted.ts";
import { accepted, Calls, committed, courierWith, type Step } from "./scripted_client.ts";
import type { Failures } from "./temporal_failures.ts";

permittedTest(
  "UpdateSender.deliver() says 'not written' for a fault of set-up if nothing was sent before",
  async () => {
    for (const code of ["PERMISSION_DENIED", "UNAUTHENTICATED", "INVALID_ARGUMENT", "UNIMPLEMENTED"] as const) {
      const { client, sender } = await courierWith(({ grpc, service }) => [service(grpc(code))]);
      const calls = new Calls(["a", "b"]);
      await sender.deliver(calls.calls);
      const failed = "WRITE_SUBMISSION_FAILED (not written)";
      assertEquals(await calls.results(), { a: failed, b: failed });
      assertEquals(client.updates.length, 1);
      assertEquals(calls.done, ["a", "b"]);
    }
  },
);

permittedTest(
  "UpdateSender.deliver() says 'unknown' for a fault of set-up if an attempt before it may have got through",
  async () => {
    const { sender } = await courierWith(({ grpc, service }) => [
      service(grpc("UNAVAILABLE")),
      service(grpc("PERMISSION_DENIED")),
    ]);
    const calls = new Calls(["a"]);
    await sender.deliver(calls.calls);
    assertEquals(await calls.results(), { a: "WRITE_SUBMISSION_FAILED (unknown)" });
  },
);

permittedTest(
  "UpdateSender.deliver() says 'unknown' where an attempt may have got through and the next is refused",
  async () => {
    const failed = { count: 1, status: "failed", batchId: "b", errorType: "t", errorMessage: "m" };
    const refusals: [string, (failures: Failures) => Step][] = [
      ["DATABASE_WRITE_FAILED", () => ({ runs: [failed] })],
      ["InvalidWrite", (f) => f.updateFailed(f.application("InvalidWrite"))],
    ];
    for (const [type, refusal] of refusals) {
      const alone = await courierWith((failures) => [refusal(failures)]);
      const first = new Calls(["a"]);
      await alone.sender.deliver(first.calls);
      assertEquals(await first.results(), { a: `${type} (not written)` });

      const { sender } = await courierWith((failures) => [
        failures.service(failures.grpc("UNAVAILABLE")),
        refusal(failures),
      ]);
      const second = new Calls(["a"]);
      await sender.deliver(second.calls);
      assertEquals(await second.results(), { a: "WRITE_OUTCOME_UNKNOWN (unknown)" }, type);
    }
  },
);

permittedTest(
  "UpdateSender.deliver() says 'not written' for a fault of set-up after answers that let nothing in",
  async () => {
    const { sender } = await courierWith(({ grpc, service, exhausted, updateFailed, application }) => [
      updateFailed(application("Overloaded", { retryAfterMs: 1 })),
      updateFailed(application("LaneFull")),
      service(exhausted("CONCURRENT_LIMIT")),
      service(grpc("PERMISSION_DENIED")),
    ]);
    const calls = new Calls(["a"]);
    await sender.deliver(calls.calls);
    assertEquals(await calls.results(), { a: "WRITE_SUBMISSION_FAILED (not written)" });
  },
);

permittedTest(
  "UpdateSender.deliver() says 'unknown' for a fault on this side, as it may have struck after the commit",
  async () => {
    const { sender } = await courierWith(() => [new TypeError("cannot decode the answer")]);
    const calls = new Calls(["a"]);
    await sender.deliver(calls.calls);
    assertEquals(await calls.results(), { a: "WRITE_SUBMISSION_FAILED (unknown)" });
  },
);

permittedTest("UpdateSender.deliver() reports each call once where a batcher cannot be started again", async () => {
  const { client, sender } = await courierWith(({ workflowNotFound, grpc, service }) => [
    committed(1),
    workflowNotFound(),
    service(grpc("PERMISSION_DENIED")),
  ]);
  await sender.deliver(new Calls(["first"]).calls);
  const calls = new Calls(["a", "b"]);
  await sender.deliver(calls.calls);
  // Not "not written": a batcher that is terminated while its flush runs answers as one that never was.
  const failed = "WRITE_SUBMISSION_FAILED (unknown)";
  assertEquals(await calls.results(), { a: failed, b: failed });
  assertEquals(calls.done, ["a", "b"]);
  assertEquals(client.updates.length, 3);
});

const MISFITS: readonly [name: string, step: (failures: Failures) => Step][] = [
  ["too few receipts", () => committed(1)],
  ["too many receipts", () => committed(3)],
  ["no receipts", () => ({ runs: [] })],
  ["no runs", () => ({})],
  ["nothing", () => undefined],
  ["too few remembered receipts", (f) => f.updateFailed(f.application("AlreadyCommitted", committed(1)))],
  ["AlreadyCommitted without details", (f) => f.updateFailed(f.application("AlreadyCommitted"))],
  ["RequestIdConflict without details", (f) => f.updateFailed(f.application("RequestIdConflict"))],
  ["a conflict of nobody", (f) => f.updateFailed(f.application("RequestIdConflict", { requestIds: ["z"] }))],
  ["Overloaded without details", (f) => f.updateFailed(f.application("Overloaded"))],
];

for (const [name, step] of MISFITS) {
  permittedTest(
    `UpdateSender.deliver() deals out nothing of an answer that does not fit, and leaves nobody waiting: ${name}`,
    async () => {
      const { client, sender, counters } = await courierWith((failures) => [step(failures), committed(1)]);
      const calls = new Calls(["a", "b"]);
      await sender.deliver(calls.calls);
      const unknown = "WRITE_OUTCOME_UNKNOWN (unknown)";
      assertEquals(await calls.results(), { a: unknown, b: unknown });
      assertEquals(calls.done, ["a", "b"]);
      assertEquals(counters.answeredWrites, 0);
      assertEquals(client.updates.length, 1);
      // And the next delivery is not the worse for it.
      const next = new Calls(["c"]);
      await sender.deliver(next.calls);
      assertEquals(await next.results(), { c: "committed" });
    },
  );
}

/** Lets one caller give up while the sender waits before its next try. */
function whileItWaits(calls: Calls, id: string): void {
  setTimeout(() => calls.abandon(id), 0);
}

permittedTest("UpdateSender.deliver() does not send what its caller was told is not written", async () => {
  const answers: ((failures: Failures) => Step)[] = [
    (f) => f.updateFailed(f.application("Overloaded", { retryAfterMs: 60 })),
    (f) => f.service(f.exhausted("CONCURRENT_LIMIT")),
  ];
  for (const answer of answers) {
    const calls = new Calls(["a", "b", "c"]);
    const { client, sender } = await courierWith((failures) => [
      () => {
        whileItWaits(calls, "b");
        return answer(failures);
      },
      committed(2),
    ]);
    await sender.deliver(calls.calls);
    // The reason of its signal, and no word of an unknown outcome.
    assertEquals(await calls.results(), { a: "committed", b: "b gave up", c: "committed" });
    assertEquals(client.ids, [["a", "b", "c"], ["a", "c"]]);
    assertEquals(client.updateIds, [0, 1]);
    assertEquals(calls.done.toSorted(), ["a", "b", "c"]);
  }
});

permittedTest(
  "UpdateSender.deliver() looks for an Update that somebody has given up, and sends it to nobody",
  async () => {
    const calls = new Calls(["a", "b"]);
    const { client, sender } = await courierWith(({ grpc, service }) => [
      () => {
        calls.abandon("a");
        return service(grpc("UNAVAILABLE"));
      },
      service(grpc("UNAVAILABLE")),
      committed(2),
    ]);
    await sender.deliver(calls.calls);
    assertEquals(await calls.results(), { a: "WRITE_OUTCOME_UNKNOWN (unknown)", b: "committed" });
    assertEquals([client.ids, client.polls.length, calls.done], [[["a", "b"]], 2, ["a", "b"]]);
  },
);

permittedTest("UpdateSender.deliver() sends the rest anew where the server does not know the Update", async () => {
  const calls = new Calls(["a", "b"]);
  const { client, sender } = await courierWith(({ grpc, service, workflowNotFound }) => [
    () => {
      calls.abandon("a");
      return service(grpc("UNAVAILABLE"));
    },
    workflowNotFound(),
    committed(1),
  ]);
  await sender.deliver(calls.calls);
  assertEquals(await calls.results(), { a: "WRITE_OUTCOME_UNKNOWN (unknown)", b: "committed" });
  assertEquals([client.ids, client.updateIds, client.polls.length], [[["a", "b"], ["b"]], [0, 1], 1]);
});

permittedTest("UpdateSender.deliver() ends with its Update where nobody waits for that any more", async () => {
  const calls = new Calls(["a", "b"]);
  const { client, sender } = await courierWith(({ grpc, service, rpcTimeout }) => [
    () => {
      for (const id of ["a", "b"]) calls.abandon(id);
      return service(grpc("UNAVAILABLE"));
    },
    rpcTimeout(grpc("DEADLINE_EXCEEDED")),
    committed(2),
  ]);
  await sender.deliver(calls.calls);
  assertEquals(calls.done, ["a", "b"]);
  assertEquals([client.updates.length, client.polls.length], [1, 2]);
});

permittedTest("UpdateSender.deliver() ends without its Update once the sender is closed and nobody waits", async () => {
  const calls = new Calls(["a", "b"]);
  const { client, sender } = await courierWith(({ grpc, service }) => [
    () => {
      for (const id of ["a", "b"]) calls.abandon(id);
      sender.close();
      return service(grpc("UNAVAILABLE"));
    },
  ]);
  await sender.deliver(calls.calls);
  assertEquals(calls.done, ["a", "b"]);
  assertEquals([client.updates.length, client.polls.length], [1, 0]);
});

permittedTest(
  "UpdateSender.deliver() says 'unknown' for every fault of set-up after the Update was accepted",
  async () => {
    for (const code of ["PERMISSION_DENIED", "UNAUTHENTICATED", "INVALID_ARGUMENT", "UNIMPLEMENTED"] as const) {
      const { client, sender } = await courierWith(({ grpc, service }) => [accepted, service(grpc(code))]);
      const calls = new Calls(["a"]);
      await sender.deliver(calls.calls);
      assertEquals(await calls.results(), { a: "WRITE_SUBMISSION_FAILED (unknown)" });
      assertEquals([client.updates.length, client.polls.length], [1, 1]);
    }
  },
);

permittedTest("UpdateSender.deliver() asks again for an accepted Update, and does not send it again", async () => {
  const { client, sender } = await courierWith(({ grpc, service, exhausted, rpcTimeout }) => [
    accepted,
    service(grpc("UNAVAILABLE")),
    service(exhausted("CONCURRENT_LIMIT")),
    service(grpc("FAILED_PRECONDITION")),
    rpcTimeout(grpc("DEADLINE_EXCEEDED")),
    { runs: [{ count: 1, status: "failed", batchId: "b", errorType: "t", errorMessage: "m" }] },
  ]);
  const calls = new Calls(["a"]);
  await sender.deliver(calls.calls);
  // The answer is that of the one Update there was, so it is the whole truth.
  assertEquals(await calls.results(), { a: "DATABASE_WRITE_FAILED (not written)" });
  assertEquals([client.updates.length, client.polls.length], [1, 5]);
});

permittedTest("UpdateSender.deliver() sends anew what was accepted by a run that is gone", async () => {
  const { client, sender } = await courierWith(({ workflowNotFound, updateFailed, application }) => [
    accepted,
    workflowNotFound(),
    accepted,
    updateFailed(application("AcceptedUpdateCompletedWorkflow")),
    { runs: [{ count: 1, status: "failed", batchId: "b", errorType: "t", errorMessage: "m" }] },
  ]);
  const calls = new Calls(["a"]);
  await sender.deliver(calls.calls);
  assertEquals(await calls.results(), { a: "WRITE_OUTCOME_UNKNOWN (unknown)" });
  assertEquals(client.updateIds, [0, 1, 2]);
});

permittedTest("UpdateSender.deliver() waits out an Update of its own that is still in flight", async () => {
  const { client, sender, counters } = await courierWith(({ updateFailed, application }) => [
    updateFailed(application("WriterBusy", { retryAfterMs: 1 })),
    committed(1),
  ]);
  const calls = new Calls(["a"]);
  await sender.deliver(calls.calls);
  assertEquals(await calls.results(), { a: "committed" });
  assertEquals([client.updateIds, counters.overloads], [[0, 1], 1]);
});

permittedTest(
  "UpdateSender.deliver() tells the outcome of a call that joins while the Update is on its way",
  async () => {
    const calls = new Calls(["a"]);
    const joined: Promise<unknown>[] = [];
    const { sender } = await courierWith(() => [
      () => {
        calls.abandon("a");
        joined.push(calls.calls[0].wait(60_000));
        return committed(1);
      },
    ]);
    await sender.deliver(calls.calls);
    assertEquals(await calls.results(), { a: "WRITE_OUTCOME_UNKNOWN (unknown)" });
    assertEquals((await Promise.all(joined)).length, 1);
  },
);
