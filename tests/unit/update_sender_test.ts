import { assertEquals, assertMatch, assertObjectMatch } from "@std/assert";
import { submissionProblem } from "../../src/protocol/check.ts";
import { SUBMIT_WRITES_UPDATE } from "../../src/protocol/names.ts";
import { permittedTest } from "../support/permitted.ts";
import { Calls, committed, courierWith } from "./scripted_client.ts";

permittedTest("UpdateSender.deliver() sends one Update of the agreed shape and deals out its receipts", async () => {
  const { client, sender, counters } = await courierWith(() => [{
    runs: [
      ...committed(1).runs,
      { count: 1, status: "duplicate", batchId: "older", committedAt: "2025-01-01T00:00:00.000Z" },
      { count: 1, status: "rejected", batchId: "b", errorType: "23505", errorMessage: "m" },
      { count: 1, status: "conflict", batchId: "b", errorType: "RequestIdConflict", errorMessage: "m" },
      { count: 1, status: "failed", batchId: "b", errorType: "DATABASE_WRITE_FAILED", errorMessage: "m" },
      { count: 1, status: "unknown", batchId: "b", errorType: "WRITE_OUTCOME_UNKNOWN", errorMessage: "m" },
    ],
  }]);
  const calls = new Calls(["a", "b", "c", "d", "e", "f"], { b: "key" });
  await sender.deliver(calls.calls);
  assertEquals(await calls.results(), {
    a: "committed",
    b: "duplicate",
    c: "rejected",
    d: "RequestIdConflict (not written)",
    e: "DATABASE_WRITE_FAILED (not written)",
    f: "WRITE_OUTCOME_UNKNOWN (unknown)",
  });
  assertEquals(calls.done, ["a", "b", "c", "d", "e", "f"]);
  const [{ name, updateId, header, lines }] = client.updates;
  assertEquals([client.updates.length, name], [1, SUBMIT_WRITES_UPDATE]);
  assertMatch(updateId, /^writer\/\d+$/);
  assertEquals(lines, ['"a"', '"b"', '"c"', '"d"', '"e"', '"f"']);
  assertEquals(header.keys, [null, "key", null, null, null, null]);
  assertEquals(submissionProblem(header, new TextEncoder().encode(lines.join("\n"))), undefined);
  assertObjectMatch(counters, {
    updates: 1,
    answeredWrites: 6,
    retries: 0,
    overloads: 0,
    capErrors: 0,
    starts: 1,
  });
});

permittedTest("UpdateSender.deliver() keeps the Update id where the same Update may be found again", async () => {
  const { client, sender, counters } = await courierWith(({ grpc, service, exhausted, rpcTimeout }) => [
    service(grpc("UNAVAILABLE")),
    service(exhausted("BUSY_WORKFLOW")),
    rpcTimeout(grpc("DEADLINE_EXCEEDED")),
    committed(2),
  ]);
  const calls = new Calls(["a", "b"]);
  await sender.deliver(calls.calls);
  assertEquals(await calls.results(), { a: "committed", b: "committed" });
  assertEquals(client.updateIds, [0, 0, 0, 0]);
  assertObjectMatch(counters, { updates: 4, retries: 3, capErrors: 0, laneMoves: 0 });
});

permittedTest("UpdateSender.deliver() takes a new Update id where the old one is spent", async () => {
  const { client, sender, counters } = await courierWith((
    { grpc, service, updateFailed, application, workflowNotFound },
  ) => [
    service(grpc("FAILED_PRECONDITION")),
    updateFailed(application("AcceptedUpdateCompletedWorkflow")),
    updateFailed(application("Overloaded", { retryAfterMs: 1 })),
    workflowNotFound(),
    committed(1),
  ]);
  const calls = new Calls(["a"]);
  await sender.deliver(calls.calls);
  assertEquals(await calls.results(), { a: "committed" });
  assertEquals(client.updateIds, [0, 1, 2, 3, 4]);
  assertObjectMatch(counters, { updates: 5, retries: 2, overloads: 1, starts: 5 });
});

permittedTest(
  "UpdateSender.deliver() asks a run that takes no more Updates to roll over, and does so once",
  async () => {
    const { client, sender, counters } = await courierWith(({ grpc, service }) => [
      service(grpc("FAILED_PRECONDITION")),
      () => {
        assertEquals(client.signals, []);
        return service(grpc("FAILED_PRECONDITION"));
      },
      service(grpc("FAILED_PRECONDITION")),
      committed(1),
    ]);
    const calls = new Calls(["a"]);
    await sender.deliver(calls.calls);
    assertEquals(await calls.results(), { a: "committed" });
    assertEquals([client.signals, client.updateIds], [["rollOver to batcher/0/0"], [0, 1, 2, 3]]);
    assertObjectMatch(counters, { updates: 4, retries: 3, starts: 4 });
  },
);

permittedTest("UpdateSender.deliver() gives each delivery an Update id of its own", async () => {
  const { client, sender } = await courierWith(() => [committed(1), committed(1)]);
  await sender.deliver(new Calls(["a"]).calls);
  await sender.deliver(new Calls(["b"]).calls);
  assertEquals(client.updateIds, [0, 1]);
});

permittedTest("UpdateSender.deliver() fails only the caller whose request id is in conflict", async () => {
  const { client, sender } = await courierWith(({ updateFailed, application }) => [
    updateFailed(application("RequestIdConflict", { requestIds: ["b"] })),
    committed(2),
  ]);
  const calls = new Calls(["a", "b", "c"]);
  await sender.deliver(calls.calls);
  assertEquals(await calls.results(), { a: "committed", b: "RequestIdConflict (not written)", c: "committed" });
  assertEquals(client.ids, [["a", "b", "c"], ["a", "c"]]);
  assertEquals(client.updateIds, [0, 1]);
  assertEquals(client.updates[1].lines, ['"a"', '"c"']);
});

permittedTest("UpdateSender.deliver() hands out the receipts of an Update that was settled before", async () => {
  const { sender, counters } = await courierWith(({ updateFailed, application }) => [
    updateFailed(application("AlreadyCommitted", { runs: [{ ...committed(2).runs[0], status: "duplicate" }] })),
  ]);
  const calls = new Calls(["a", "b"]);
  await sender.deliver(calls.calls);
  assertEquals(await calls.results(), { a: "duplicate", b: "duplicate" });
  assertEquals(counters.answeredWrites, 2);
});

permittedTest("UpdateSender.deliver() fails every caller of an Update that the batcher finds malformed", async () => {
  const { client, sender } = await courierWith(({ updateFailed, application }) => [
    updateFailed(application("InvalidWrite")),
  ]);
  const calls = new Calls(["a", "b"]);
  await sender.deliver(calls.calls);
  assertEquals(await calls.results(), { a: "InvalidWrite (not written)", b: "InvalidWrite (not written)" });
  assertEquals(client.updates.length, 1);
});

permittedTest("UpdateSender.deliver() brings the start of its batcher along until it has been let in", async () => {
  const { client, sender, counters } = await courierWith(({ workflowNotFound, grpc, service }) => [
    service(grpc("UNAVAILABLE")),
    committed(1),
    committed(1),
    workflowNotFound(),
    committed(1),
  ]);
  for (const id of ["a", "b", "c"]) {
    const calls = new Calls([id]);
    await sender.deliver(calls.calls);
    assertEquals(await calls.results(), { [id]: "committed" });
  }
  assertObjectMatch(client.starts[0] as Record<string, unknown>, {
    workflowId: "batcher/0/0",
    taskQueue: "queue",
    workflowIdConflictPolicy: "USE_EXISTING",
  });
  assertEquals([client.updateIds, client.starts.length, counters.starts], [[0, 0, 2, 3, 4], 3, 3]);
});
