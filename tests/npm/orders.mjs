/**
 * A program of somebody's own on Node, with the package as npm installs it: batchers, a writer, and workflows that write.
 * Prints what 20 direct writes and 20 workflows were told, and the rows of the ledger.
 */
import { fileURLToPath } from "node:url";
import { Client } from "@temporalio/client";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import {
  BatchWriter,
  bundleWorkflows,
  createBatcherWorker,
  createSubmitActivities,
  migratePostgresSink,
  openSink,
} from "temporal-batcher";

const [address, sinkUrl, name] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger("WARN") });
const connection = await NativeConnection.connect({ address });
if (sinkUrl.startsWith("postgres:")) await migratePostgresSink({ url: sinkUrl });
const sink = await openSink(sinkUrl);
const workflowBundle = await bundleWorkflows();
const batchers = await createBatcherWorker({ connection, namespace: "default", workflowBundle, sink, taskQueue: name });
const batching = batchers.run();
const writer = await BatchWriter.connect({ address, name, taskQueue: name });
const orders = await Worker.create({
  connection,
  taskQueue: `${name}-orders`,
  workflowsPath: fileURLToPath(new URL("./order_workflows.mjs", import.meta.url)),
  activities: createSubmitActivities(writer),
});
const ids = Array.from({ length: 20 }, (_, i) => `${name}/${i}`);
const direct = await Promise.all(ids.map((id) => writer.write({ requestId: `direct/${id}`, data: { id } })));
const client = new Client({ connection });
const start = (workflowId) =>
  client.workflow.execute("order", { taskQueue: `${name}-orders`, workflowId, args: [workflowId] });
const told = await orders.runUntil(Promise.all(ids.map(start)));
await writer[Symbol.asyncDispose]();
batchers.shutdown();
await batching;
console.log(JSON.stringify({
  node: process.version,
  statuses: [...new Set([...direct.map(({ status }) => status), ...told])],
  rows: await sink.countCommitted(),
}));
await sink.close();
await connection.close();
