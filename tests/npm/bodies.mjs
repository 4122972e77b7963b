/** A large row by way of body storage, as in docs/tuning.md, with the SDK as npm arranges it. Prints its status. */
import { DefaultLogger, NativeConnection, Runtime } from "@temporalio/worker";
import { BatchWriter, createBatcherWorker, openBodyStorage, openSink } from "temporal-batcher";

const [address] = process.argv.slice(2);
const name = "bodies";
Runtime.install({ logger: new DefaultLogger("WARN") });
const dataConverter = { externalStorage: await openBodyStorage("file:bodies") };
const connection = await NativeConnection.connect({ address });
const sink = await openSink("sqlite:bodies.db");
const worker = await createBatcherWorker({ connection, sink, name, dataConverter });
const writer = await BatchWriter.connect({ address, name, dataConverter });
const data = { text: "a large row ".repeat(10_000) };
console.log((await worker.runUntil(writer.write({ requestId: "large-1", data }))).status);
await writer[Symbol.asyncDispose]();
await sink.close();
await connection.close();
