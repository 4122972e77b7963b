import { assertEquals, assertGreaterOrEqual, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import { permittedTest } from "../support/permitted.ts";
import { failures } from "./temporal_failures.ts";

const load = () => Promise.all([failures(), import("../../src/client/retry.ts")]);

permittedTest(
  "classifyFailure() takes the limit of Updates in flight for what it is, by its cause and not its message",
  async () => {
    const [{ grpc, exhausted, service }, { classifyFailure }] = await load();
    assertEquals(classifyFailure(service(exhausted("CONCURRENT_LIMIT"))), {
      kind: "again",
      cap: true,
      fresh: false,
      message: "resource exhausted",
    });
    for (const cause of ["BUSY_WORKFLOW", "RPS_LIMIT", "SYSTEM_OVERLOADED"] as const) {
      const action = classifyFailure(service(exhausted(cause)));
      assertEquals([cause, action.kind, "cap" in action && action.cap], [cause, "again", false]);
    }
    assertEquals(classifyFailure(service(grpc("RESOURCE_EXHAUSTED", "without details"))).kind, "again");
  },
);

permittedTest("classifyFailure() looks into the two operations of an Update with start", async () => {
  const [{ service, multiOperation, aborted }, { classifyFailure }] = await load();
  const { default: proto } = await import("@temporalio/proto");
  const { RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT: cause } = proto.temporal.api.enums.v1.ResourceExhaustedCause;
  const value = proto.temporal.api.errordetails.v1.ResourceExhaustedFailure.encode({ cause }).finish();
  const typeUrl = "type.googleapis.com/temporal.api.errordetails.v1.ResourceExhaustedFailure";
  const capped = classifyFailure(service(multiOperation("RESOURCE_EXHAUSTED", [{ type_url: typeUrl, value }])));
  assertEquals([capped.kind, "cap" in capped && capped.cap], ["again", true]);
  // What the SDK calls details is binary there.
  assertEquals("message" in capped && capped.message, "8 RESOURCE_EXHAUSTED: \u0001binary");
  const other = classifyFailure(service(multiOperation("RESOURCE_EXHAUSTED", [])));
  assertEquals([other.kind, "cap" in other && other.cap], ["again", false]);
  const lost = classifyFailure(service(aborted()));
  assertEquals([lost.kind, "aborted" in lost && lost.aborted, "fresh" in lost && lost.fresh], ["again", true, false]);
});

permittedTest("classifyFailure() takes status details that cannot be decoded for no details", async () => {
  const [{ grpc, service }, { classifyFailure }] = await load();
  for (const bytes of [[255], [18, 255, 255], []]) {
    const action = classifyFailure(service(grpc("RESOURCE_EXHAUSTED", "odd", new Uint8Array(bytes))));
    assertEquals(action, { kind: "again", cap: false, fresh: false, message: "odd" });
  }
});

permittedTest("classifyFailure() sends the same Update again after an answer that says nothing about it", async () => {
  const [{ grpc, service, rpcTimeout }, { classifyFailure }] = await load();
  for (const code of ["UNAVAILABLE", "ABORTED", "INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED", "CANCELLED"] as const) {
    const said = code === "UNAVAILABLE" ? "the server cannot be reached: " : "";
    const expected = { kind: "again", cap: false, fresh: false, message: `${said}${code} details` } as const;
    assertEquals(classifyFailure(service(grpc(code))), expected);
    assertEquals(classifyFailure(grpc(code)), expected);
    assertEquals(classifyFailure(rpcTimeout(grpc(code))), expected);
  }
  assertEquals(classifyFailure(rpcTimeout(undefined)).kind, "again");
});

permittedTest("classifyFailure() takes a new Update id where the run will not look at the old one again", async () => {
  const [{ updateFailed, application }, { classifyFailure }] = await load();
  const ended = [
    updateFailed(application("UnprocessedUpdate")),
    updateFailed(application("AcceptedUpdateCompletedWorkflow")),
    updateFailed(new Error("no failure of a type that we know")),
    updateFailed(undefined),
  ];
  for (const error of ended) {
    const action = classifyFailure(error);
    assertEquals([action.kind, "fresh" in action && action.fresh], ["again", true]);
  }
});

permittedTest("classifyFailure() knows a run that takes no more Updates", async () => {
  const [{ grpc, service }, { classifyFailure }] = await load();
  const action = classifyFailure(service(grpc("FAILED_PRECONDITION")));
  assertEquals(action, { kind: "runSpent", message: "FAILED_PRECONDITION details" });
});

permittedTest("classifyFailure() starts a batcher where none runs", async () => {
  const [{ workflowNotFound }, { classifyFailure }] = await load();
  assertEquals(classifyFailure(workflowNotFound()), { kind: "start" });
});

permittedTest("classifyFailure() gives up on what no retry can help, and says what to do", async () => {
  const [{ grpc, service }, { classifyFailure }] = await load();
  const advice = {
    PERMISSION_DENIED: "check that the credentials may use this namespace",
    UNAUTHENTICATED: "check the API key or the client certificate",
    INVALID_ARGUMENT: "check that client and server fit together",
    UNIMPLEMENTED: "use Temporal 1.25 or newer",
  } as const;
  for (const code of Object.keys(advice) as (keyof typeof advice)[]) {
    const action = classifyFailure(service(grpc(code)));
    assertEquals([action.kind, "refused" in action && action.refused], ["setup", true]);
    assertStringIncludes("message" in action ? action.message : "", `${code} details: `);
    assertStringIncludes("message" in action ? action.message : "", advice[code]);
  }
});

permittedTest("classifyFailure() names a namespace that does not exist", async () => {
  const [{ namespaceNotFound }, { classifyFailure }] = await load();
  assertEquals(classifyFailure(namespaceNotFound("orders")), {
    kind: "setup",
    refused: true,
    message: 'namespace "orders" does not exist on this server',
  });
});

permittedTest(
  "classifyFailure() does not claim that an Update was refused if the fault is on this side of the wire",
  async () => {
    const [, { classifyFailure }] = await load();
    for (const error of [new TypeError("cannot decode"), "text", undefined]) {
      const action = classifyFailure(error);
      assertEquals([action.kind, "refused" in action && action.refused], ["setup", false]);
    }
  },
);

permittedTest("classifyFailure() reads what the validator of a batcher says, by its type", async () => {
  const [{ updateFailed, application }, { classifyFailure }] = await load();
  const runs = [{ count: 1, status: "duplicate", batchId: "b", committedAt: "2026-01-01T00:00:00.000Z" }] as const;
  assertEquals(classifyFailure(updateFailed(application("AlreadyCommitted", { runs }))), { kind: "answered", runs });
  assertEquals(classifyFailure(updateFailed(application("RequestIdConflict", { requestIds: ["a"] }))), {
    kind: "conflict",
    requestIds: ["a"],
  });
  assertEquals(classifyFailure(updateFailed(application("Overloaded", { retryAfterMs: 70 }))), {
    kind: "overloaded",
    retryAfterMs: 70,
    message: "message of Overloaded",
  });
  assertEquals(classifyFailure(updateFailed(application("WriterBusy", { retryAfterMs: 80 }))), {
    kind: "overloaded",
    retryAfterMs: 80,
    message: "message of WriterBusy",
  });
  assertEquals(classifyFailure(updateFailed(application("InvalidWrite"))), {
    kind: "invalid",
    message: "message of InvalidWrite",
  });
  assertEquals(classifyFailure(updateFailed(application("LaneFull"))), { kind: "laneFull" });
});

permittedTest(
  "classifyWaitFailure() takes no error of the wait for a refusal, but the batcher's own answer",
  async () => {
    const [{ grpc, exhausted, service, rpcTimeout, updateFailed, application, workflowNotFound, namespaceNotFound }] =
      await load();
    const { classifyWaitFailure } = await import("../../src/client/retry.ts");
    for (const code of ["PERMISSION_DENIED", "UNAUTHENTICATED", "INVALID_ARGUMENT", "UNIMPLEMENTED"] as const) {
      const action = classifyWaitFailure(service(grpc(code)));
      assertEquals([action.kind, "refused" in action && action.refused], ["setup", false]);
    }
    assertEquals((classifyWaitFailure(namespaceNotFound("orders")) as { refused?: boolean }).refused, false);
    const known = [
      service(grpc("UNAVAILABLE")),
      service(grpc("FAILED_PRECONDITION")),
      service(exhausted("CONCURRENT_LIMIT")),
      service(exhausted("RPS_LIMIT")),
      rpcTimeout(undefined),
    ];
    for (const error of known) {
      const action = classifyWaitFailure(error);
      assertEquals([action.kind, "cap" in action && action.cap, "fresh" in action && action.fresh], [
        "again",
        false,
        false,
      ]);
    }
    const gone = classifyWaitFailure(workflowNotFound());
    assertEquals([gone.kind, "fresh" in gone && gone.fresh], ["again", true]);
    assertEquals(classifyWaitFailure(updateFailed(application("LaneFull"))), { kind: "laneFull" });
  },
);

permittedTest("wasRefused() is true only for what has certainly not been admitted", async () => {
  const { wasRefused } = await import("../../src/client/retry.ts");
  const message = "m";
  const refused = [
    wasRefused({ kind: "conflict", requestIds: [] }),
    wasRefused({ kind: "invalid", message }),
    wasRefused({ kind: "laneFull" }),
    wasRefused({ kind: "overloaded", retryAfterMs: 1, message }),
    wasRefused({ kind: "again", cap: true, fresh: false, message }),
    wasRefused({ kind: "setup", refused: true, message }),
  ];
  const open = [
    wasRefused({ kind: "answered", runs: [] }),
    wasRefused({ kind: "start" }),
    wasRefused({ kind: "runSpent", message }),
    wasRefused({ kind: "again", cap: false, fresh: false, message }),
    wasRefused({ kind: "again", cap: false, fresh: true, message }),
    wasRefused({ kind: "setup", refused: false, message }),
  ];
  assertEquals([refused, open], [Array(6).fill(true), Array(6).fill(false)]);
});

permittedTest(
  "backOffMs() doubles from 8 ms, or 30 ms at the cap, to 2 s, and leaves half of it to chance",
  async () => {
    const { backOffMs } = await import("../../src/client/retry.ts");
    const ceilings = new Map([
      [false, [8, 16, 32, 64, 128, 256, 512, 1_024, 2_000, 2_000]],
      [true, [30, 60, 120, 240, 480, 960, 1_920, 2_000, 2_000]],
    ]);
    for (const [cap, ceilingsMs] of ceilings) {
      ceilingsMs.forEach((ceiling, i) => {
        assertEquals([backOffMs(i + 1, cap, () => 0), backOffMs(i + 1, cap, () => 1)], [ceiling / 2, ceiling]);
      });
    }
    for (const attempt of [1, 5, 50, 5_000]) {
      assertGreaterOrEqual(backOffMs(attempt, false), 4);
      assertLessOrEqual(backOffMs(attempt, false), 2_000);
    }
  },
);
