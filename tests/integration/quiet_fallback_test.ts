/** What the SDK logs of a fast attempt that a durable one makes good. */
import { assertEquals } from "@std/assert";
import { ApplicationFailure, ApplicationFailureCategory } from "@temporalio/common";
import { createFlushActivities, createSubmitActivities } from "../../activities/mod.ts";
import type { BatchWriter } from "../../src/client/batch_writer.ts";
import {
  OverloadedError,
  RequestIdConflictError,
  type WriteError,
  WriteOutcomeUnknownError,
} from "../../src/protocol/failures.ts";
import { MemorySink } from "../../src/sinks/memory_sink.ts";
import { DIGEST_CHARS } from "../../src/protocol/digests.ts";
import { SinkError } from "../../src/sinks/sink.ts";
import { eventually } from "../support/eventually.ts";
import { labTests } from "../support/lab_tests.ts";
import { permittedTest } from "../support/permitted.ts";
import { runCommand, spawnCommand } from "../support/run_command.ts";

/** Runs an activity that fails, and returns how the SDK is to log that. */
async function categoryOf(isLocal: boolean, run: () => Promise<unknown>): Promise<string | null | undefined> {
  const { MockActivityEnvironment } = await import("@temporalio/testing");
  const error = await new MockActivityEnvironment({ isLocal }).run(run).catch((error) => error);
  if (!(error instanceof ApplicationFailure)) throw error;
  return error.category;
}

permittedTest(
  "flushBatch() is quiet about a fast attempt only, and not about a sink that is set up wrongly",
  async () => {
    const pieces = [{ ids: ["a"], digests: "d".repeat(DIGEST_CHARS) }];
    const header = { batchId: "b", pieces, ledger: { identity: "i", epoch: "e" } };
    const flushOf = (kind: "unavailable" | "setup") => {
      const sink = new MemorySink();
      sink.write = () => Promise.reject(new SinkError(kind, "no", "the database is away"));
      return () => createFlushActivities(sink).flushBatch(header, new TextEncoder().encode("1"));
    };
    assertEquals(await categoryOf(true, flushOf("unavailable")), ApplicationFailureCategory.BENIGN);
    assertEquals(await categoryOf(true, flushOf("setup")), undefined);
    assertEquals(await categoryOf(false, flushOf("unavailable")), undefined);
  },
);

permittedTest(
  "submitWrite() is quiet about a fast attempt that leaves the outcome open, and about a conflict",
  async () => {
    const submitTo = (error: WriteError, windowMs = 0) => {
      const options = { windowMs, gatherMs: 0 };
      const writer = { options, write: () => Promise.reject(error) } as unknown as BatchWriter;
      const input = { write: { requestId: "a", data: 1 }, timeoutMs: 1_000 };
      return () => createSubmitActivities(writer).submitWrite(input);
    };
    const unknown = new WriteOutcomeUnknownError("it may be stored");
    const refused = new OverloadedError("full", 1);
    assertEquals(await categoryOf(true, submitTo(unknown)), ApplicationFailureCategory.BENIGN);
    assertEquals(await categoryOf(true, submitTo(unknown, 20_000)), ApplicationFailureCategory.BENIGN);
    assertEquals(await categoryOf(true, submitTo(refused)), undefined);
    assertEquals(await categoryOf(false, submitTo(unknown)), undefined);
    // Its workflow tells of it.
    const conflict = new RequestIdConflictError("a");
    assertEquals(await categoryOf(true, submitTo(conflict)), ApplicationFailureCategory.BENIGN);
    assertEquals(await categoryOf(false, submitTo(conflict)), ApplicationFailureCategory.BENIGN);
  },
);

labTests({}, [
  ["a worker leaves one line at debug of a write that needs its durable submit", async (lab) => {
    const env = { TEMPORAL_ADDRESS: lab.address };
    // So long a window is not for the fast attempt.
    const flags = ["--window-ms", "1500", "--log-level", "debug", "--sink", `sqlite:${lab.ledgerFile}`];
    await using worker = spawnCommand("worker", flags, { env });
    await eventually("the transaction is stored", async () => {
      const { stdout } = await runCommand("start", ["--workflows", "1"], { env });
      return stdout.includes(" 1 committed");
    });
    await worker.kill("SIGINT");
    const failures = worker.output.stderr.split("\n").filter((line) => line.includes("Activity failed"));
    assertEquals(failures.map((line) => line.replace(/^\S+ /, "")), [
      "DEBUG temporal: Activity failed: Window and gathering are longer than a fast attempt",
    ]);
  }],
]);
