/**
 * A worker of somebody's own, with a plugin, in a process of its own: `plugin_process.ts ADDRESS NAME LEDGER_FILE`.
 *
 * It says `flushing` before each flush, which takes a second, `submitting` for each write that a workflow hands in, and
 * `ended` once its worker has ended. Signals are the SDK's to handle, as in a program that knows nothing of batchers.
 *
 * @module
 */
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { fileURLToPath } from "node:url";
import { SqliteSink } from "../../src/sinks/sqlite/sink.ts";
import { BatcherPlugin } from "../../src/worker/batcher_plugin.ts";

const FLUSH_MS = 1_000;
const [address, name, path] = Deno.args;

async function openSlowSink(): Promise<SqliteSink> {
  const sink = await SqliteSink.open({ path });
  const write = sink.write.bind(sink);
  sink.write = async (batch) => {
    // A batch of nothing asks for the ledger.
    if (batch.writes.length > 0) console.log("flushing");
    await new Promise((resolve) => setTimeout(resolve, FLUSH_MS));
    return await write(batch);
  };
  return sink;
}

Runtime.install({ logger: new DefaultLogger("ERROR") });
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue: `${name}-orders`,
  workflowsPath: fileURLToPath(new URL("workflows/order.ts", import.meta.url)),
  interceptors: {
    activity: [() => ({
      inbound: {
        execute(input, next) {
          console.log("submitting");
          return next(input);
        },
      },
    })],
  },
  plugins: [new BatcherPlugin({ name, sink: openSlowSink })],
});
console.log("ready");
await worker.run();
await connection.close();
console.log("ended");
