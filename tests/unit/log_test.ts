import { assertEquals } from "@std/assert";
import { createLog, withoutRepeats } from "../../src/worker/log.ts";
import { permittedTest } from "../support/permitted.ts";

Deno.test("withoutRepeats() tells each message once a minute", () => {
  const told: string[] = [];
  let now = 0;
  const tell = withoutRepeats((message) => told.push(`${message} at ${now}`), () => now);
  for (const [message, atMs] of [["a", 0], ["b", 1], ["a", 59_999], ["a", 60_000], ["b", 60_000], ["b", 60_001]]) {
    now = Number(atMs);
    tell(String(message));
  }
  assertEquals(told, ["a at 0", "b at 1", "a at 60000", "b at 60001"]);
});

permittedTest("tellEntry() leaves failing workflow tasks to the watched worker, and passes the rest on", async () => {
  const { tellEntry } = await import("../../src/worker/runtime.ts");
  const { UnexpectedError } = await import("@temporalio/worker");
  const lines: string[] = [];
  const tell = tellEntry(createLog("debug", (line) => lines.push(line)));
  const error = new Error("why");
  tell({ level: "ERROR", message: "Failed to process Workflow Activation", meta: { error, workflowExists: true } });
  tell({ level: "ERROR", message: "fatal", meta: { error: new UnexpectedError("why"), workflowExists: true } });
  tell({ level: "ERROR", message: "other", meta: { error } });
  tell({ level: "WARN", message: "careful" });
  tell({ level: "INFO", message: "by the way" });
  assertEquals(lines.map((line) => line.replace(/^\S+ /, "")), [
    "DEBUG temporal: Failed to process Workflow Activation: why",
    "ERROR temporal: fatal: why",
    "ERROR temporal: other: why",
    "WARN  temporal: careful",
    "DEBUG temporal: by the way",
  ]);
});
