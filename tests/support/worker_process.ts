/**
 * A batcher's worker as a process of its own: `worker_process.ts ADDRESS TASK_QUEUE LEDGER_FILE [FAULT [BODY_STORAGE]]`.
 *
 * It says `ready` when it polls, and runs until it is killed. With `--hang-after-commit` it never answers a flush, and
 * says `committed` instead. With `--no-permission` its database lets it write nothing.
 *
 * @module
 */
import { NativeConnection } from "@temporalio/worker";
import { openBodyStorage } from "../../src/bodies/open_body_storage.ts";
import { type Sink, SinkError } from "../../src/sinks/sink.ts";
import { SqliteSink } from "../../src/sinks/sqlite/sink.ts";
import { bundleWorkflows, createBatcherWorker } from "../../src/worker/create_worker.ts";
import { createLog } from "../../src/worker/log.ts";
import { installRuntime } from "../../src/worker/runtime.ts";

const [address, taskQueue, path, fault, bodyStorage] = Deno.args;

installRuntime(createLog("error"), "error");
const sink: Sink = await SqliteSink.open({ path });
if (fault === "--no-permission") {
  sink.write = () => Promise.reject(new SinkError("setup", "no", "permission denied"));
}
if (fault === "--hang-after-commit") {
  const write = sink.write.bind(sink);
  sink.write = async (batch) => {
    await write(batch);
    console.log("committed");
    return new Promise(() => {});
  };
}
const worker = await createBatcherWorker({
  connection: await NativeConnection.connect({ address }),
  namespace: "default",
  workflowBundle: await bundleWorkflows(),
  ...(bodyStorage && { dataConverter: { externalStorage: await openBodyStorage(bodyStorage) } }),
  sink,
  taskQueue,
});
const running = worker.run();
console.log("ready");
await running;
