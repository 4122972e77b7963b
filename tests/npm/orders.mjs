/**
 * A program of somebody's own on Node, with the package as npm installs it: a worker with workflows that write, batchers
 * beside it, and a writer. Prints what 20 direct writes and 20 workflows were told, and the rows of the ledger.
 */
import { fileURLToPath } from "node:url";
import { Client } from "@temporalio/client";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { BatcherPlugin, BatchWriter, migratePostgresSink, openSink } from "temporal-batcher";

const [address, sinkUrl, name] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger("WARN") });
if (sinkUrl.startsWith("postgres:")) await migratePostgresSink({ url: sinkUrl });
const connection = await NativeConnection.connect({ address });
const sink = await openSink(sinkUrl);
const orders = await Worker.create({
  connection,
  taskQueue: `${name}-orders`,
  workflowsPath: fileURLToPath(new URL("./order_workflows.mjs", import.meta.url)),
  plugins: [new BatcherPlugin({ name, sink })],
});
const ids = Array.from({ length: 20 }, (_, i) => `${name}/${i}`);
const client = new Client({ connection });
const start = (workflowId) =>
  client.workflow.execute("order", { taskQueue: `${name}-orders`, workflowId, args: [workflowId] });
const [direct, told] = await orders.runUntil(async () => {
  const writer = await BatchWriter.connect({ address, name });
  const writes = ids.map((id) => writer.write({ requestId: `direct/${id}`, data: { id } }));
  const done = await Promise.all([Promise.all(writes), Promise.all(ids.map(start))]);
  await writer[Symbol.asyncDispose]();
  return done;
});
console.log(JSON.stringify({
  node: process.version,
  statuses: [...new Set([...direct.map(({ status }) => status), ...told])],
  rows: await sink.countCommitted(),
}));
await sink.close();
await connection.close();
