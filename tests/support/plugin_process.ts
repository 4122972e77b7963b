/**
 * A worker of somebody's own, with a plugin, in a process of its own: `plugin_process.ts ADDRESS NAME LEDGER_FILE`.
 *
 * It says `flushing` before each flush, which waits for SIGINT, `submitting` and the workflow's id for each write that is
 * handed in, and `ended` once its worker has ended. Signals are the SDK's to handle, as in a program that knows nothing of batchers.
 *
 * @module
 */
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { fileURLToPath } from "node:url";
import { SqliteSink } from "../../src/sinks/sqlite/sink.ts";
import { BatcherPlugin } from "../../src/worker/batcher_plugin.ts";

const [address, name, path] = Deno.args;

const interrupted = Promise.withResolvers<void>();
Deno.addSignalListener("SIGINT", interrupted.resolve);

async function openWaitingSink(): Promise<SqliteSink> {
  const sink = await SqliteSink.open({ path });
  const write = sink.write.bind(sink);
  sink.write = async (batch) => {
    // A batch of nothing asks for the ledger.
    if (batch.writes.length > 0) {
      console.log("flushing");
      await interrupted.promise;
    }
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
    activity: [({ info }) => ({
      inbound: {
        execute(input, next) {
          console.log(`submitting ${info.workflowExecution!.workflowId};`);
          return next(input);
        },
      },
    })],
  },
  plugins: [new BatcherPlugin({ name, sink: openWaitingSink })],
});
console.log("ready");
await worker.run();
await connection.close();
Deno.removeSignalListener("SIGINT", interrupted.resolve);
console.log("ended");
