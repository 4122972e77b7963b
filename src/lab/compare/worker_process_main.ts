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
import { variantOf } from "./variants/mod.ts";
import type { WorkerMeasure, WorkerProcessInput } from "./worker_process.ts";

// Faults make the SDK talk, and they are meant.
const log = createLog("error", () => {});
installRuntime(log, "error");
const input: WorkerProcessInput = JSON.parse(Deno.args[0]);
const faults = new FaultSwitches(() => console.log("committed"));
const workers = await variantOf(input.variant).startWorkers({
  ...input,
  log,
  faults,
  workflowBundle: input.bundleFile === undefined ? await bundleLabWorkflows() : { codePath: input.bundleFile },
});
console.log("ready");
for await (const line of textLines(Deno.stdin.readable.pipeThrough(new TextDecoderStream()))) {
  const [id, ...command] = line.split(" ");
  console.log(`${id} ${JSON.stringify(obey(command.join(" ")))}`);
}
await workers[Symbol.asyncDispose]();
Deno.exit(0);

function obey(command: string): WorkerMeasure | null {
  if (command === "measure") {
    const { user, system } = process.cpuUsage();
    return { ...workers.counts(), cpuSeconds: (user + system) / 1e6, connections: workers.connections };
  }
  if (command === "hang after commit") faults.holdAnswers();
  else if (command === "answer after commit") faults.releaseAnswers();
  else faults.sinkDown = command === "sink down";
  return null;
}
