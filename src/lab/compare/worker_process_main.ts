/**
 * The other side of `worker_process.ts`.
 *
 * @module
 */
import process from "node:process";
import { bundleLabWorkflows } from "../create_lab_worker.ts";
import { createLog } from "../../worker/log.ts";
import { installRuntime } from "../../worker/runtime.ts";
import { FaultSwitches } from "./fault_switches.ts";
import { textLines } from "../../protocol/text_lines.ts";
import { VARIANT } from "./variants.ts";
import type { WorkerCommand, WorkerLine, WorkerMeasure, WorkerProcessInput } from "./worker_process.ts";

// Faults make the SDK talk, and they are meant.
const log = createLog("error", () => {});
installRuntime(log, "error");
const input: WorkerProcessInput = JSON.parse(Deno.args[0]);
const faults = new FaultSwitches(() => say({ event: "committed" }));
const workers = await VARIANT[input.variant].startWorkers({
  ...input,
  log,
  faults,
  workflowBundle: input.bundleFile === undefined ? await bundleLabWorkflows() : { codePath: input.bundleFile },
});
say({ event: "ready" });
for await (const command of textLines(Deno.stdin.readable.pipeThrough(new TextDecoderStream()))) {
  say({ answer: obey(command as WorkerCommand) });
}
await workers[Symbol.asyncDispose]();
Deno.exit(0);

function obey(command: WorkerCommand): WorkerMeasure | null {
  switch (command) {
    case "measure": {
      const { user, system } = process.cpuUsage();
      return { ...workers.counts(), cpuSeconds: (user + system) / 1e6, connections: workers.connections };
    }
    case "sink down":
    case "sink up":
      faults.sinkDown = command === "sink down";
      return null;
    case "hang after commit":
      faults.holdAnswers();
      return null;
    case "answer after commit":
      faults.releaseAnswers();
      return null;
  }
}

function say(line: WorkerLine): void {
  console.log(JSON.stringify(line));
}
