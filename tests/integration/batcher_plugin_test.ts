/** Batched writes in a worker that somebody has already. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { WorkerOptions, WorkerPlugin } from "@temporalio/worker";
import { fileURLToPath } from "node:url";
import type { Sink } from "../../src/sinks/sink.ts";
import type { BatcherPlugin, BatcherPluginOptions } from "../../src/worker/batcher_plugin.ts";
import { eventually } from "../support/eventually.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";

const workflowsPath = fileURLToPath(new URL("../support/workflows/order.ts", import.meta.url));
const PROCESS = fileURLToPath(new URL("../support/plugin_process.ts", import.meta.url));
const ORDERS = 20;

async function pluginOf(options: BatcherPluginOptions): Promise<BatcherPlugin> {
  const { BatcherPlugin } = await import("../../src/worker/batcher_plugin.ts");
  return new BatcherPlugin(options);
}

/** Options of a worker that somebody has already. */
function orderWorker(lab: Lab, name: string, ...plugins: BatcherPlugin[]): WorkerOptions {
  return { connection: lab.native, taskQueue: `${name}-orders`, workflowsPath, plugins };
}

/** Runs this many workflows that write a row each. @returns What became of the rows, each status once. */
async function placeOrders(lab: Lab, name: string, first = 0, count = ORDERS): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, i) => `${name}/order-${first + i}`);
  const told = await Promise.all(ids.map((workflowId) => {
    const options = { taskQueue: `${name}-orders`, workflowId, args: [workflowId], workflowExecutionTimeout: 60_000 };
    return lab.client.workflow.execute("order", options) as Promise<string>;
  }));
  assertEquals(told.length, count);
  return [...new Set(told)];
}

/** The lab's sink as a plugin opens it, and how often it was opened and closed. */
function countedSink(
  lab: Lab,
): { readonly open: () => Promise<Sink>; readonly counts: { opened: number; closed: number } } {
  const counts = { opened: 0, closed: 0 };
  const sink: Sink = {
    description: lab.sink.description,
    identify: () => lab.sink.identify(),
    write: (batch) => lab.sink.write(batch),
    countCommitted: () => lab.sink.countCommitted(),
    countCommittedOf: (ids) => lab.sink.countCommittedOf(ids),
    countRejected: () => lab.sink.countRejected(),
    close: () => Promise.resolve(void counts.closed++),
  };
  return { open: () => Promise.resolve((counts.opened++, sink)), counts };
}

labTests({}, [
  ["BatcherPlugin brings callers and batchers into a worker, and ends what it began", async (lab) => {
    const { Worker } = await import("@temporalio/worker");
    const name = lab.name();
    const { open, counts } = countedSink(lab);
    const before = await lab.sink.countCommitted();
    const worker = await Worker.create(orderWorker(lab, name, await pluginOf({ name, sink: open })));
    assertEquals(counts, { opened: 0, closed: 0 });
    assertEquals(await worker.runUntil(() => placeOrders(lab, name)), ["committed"]);
    assertEquals(counts, { opened: 1, closed: 1 });
    assertEquals(await lab.sink.countCommitted(), before + ORDERS);
    assertEquals((await lab.batcher(name).describe()).taskQueue, `${name}/batcher-queue`);
  }],

  ["BatcherPlugin without a sink lets workflows write through batchers of other processes", async (lab) => {
    const { Worker } = await import("@temporalio/worker");
    const name = lab.name();
    await lab.batcherWorker(name);
    const worker = await Worker.create(orderWorker(lab, name, await pluginOf({ name, taskQueue: name })));
    assertEquals(await worker.runUntil(() => placeOrders(lab, name)), ["committed"]);
    assertEquals((await lab.stats(name)).admittedWrites, ORDERS);
  }],

  ["BatcherPlugin without callers runs batchers only", async (lab) => {
    const { Worker } = await import("@temporalio/worker");
    const name = lab.name();
    const plugin = await pluginOf({ name, taskQueue: name, sink: lab.sink, callers: false });
    const worker = await Worker.create(orderWorker(lab, name, plugin));
    assertEquals(worker.options.activities.size, 0);
    const writing = () => lab.writer(name).write({ requestId: `${name}/a`, data: 1 });
    assertEquals((await worker.runUntil(writing)).status, "committed");
    await assertRejects(() => pluginOf({ callers: false }), TypeError, "it would do nothing");
    const text = "sqlite:rows.db" as unknown as Sink;
    await assertRejects(
      () => pluginOf({ sink: text }),
      TypeError,
      "'sink' must be a sink, or a function that opens one",
    );
    await assertRejects(() => pluginOf({ shards: 0 }), RangeError, "shards");
    await assertRejects(() => pluginOf({ name: "" }), RangeError, "'name'");
  }],

  ["BatcherPlugin opens nothing for a worker that cannot be created, and serves the next one", async (lab) => {
    const { Worker } = await import("@temporalio/worker");
    const name = lab.name();
    const { open, counts } = countedSink(lab);
    const plugin = await pluginOf({ name, sink: open });
    await assertRejects(() => Worker.create({ ...orderWorker(lab, name, plugin), workflowsPath: "/no/such/file.ts" }));
    assertEquals(counts, { opened: 0, closed: 0 });
    const worker = await Worker.create(orderWorker(lab, name, plugin));
    assertEquals(await worker.runUntil(() => placeOrders(lab, name)), ["committed"]);
    assertEquals(counts, { opened: 1, closed: 1 });
  }],

  ["BatcherPlugin ends the worker whose sink cannot be opened", async (lab) => {
    const { NativeConnection, Worker } = await import("@temporalio/worker");
    const name = lab.name();
    const connection = await NativeConnection.connect({ address: lab.address });
    const plugin = await pluginOf({ name, sink: () => Promise.reject(new Error("no such database")) });
    const worker = await Worker.create({ ...orderWorker(lab, name, plugin), connection });
    await assertRejects(() => worker.run(), Error, "no such database");
    assertEquals(worker.getState(), "STOPPED");
    await connection.close();
  }],

  ["BatcherPlugin ends the worker whose batchers fail", async (lab) => {
    const { NativeConnection, Worker } = await import("@temporalio/worker");
    const name = lab.name();
    const connection = await NativeConnection.connect({ address: lab.address });
    const { open, counts } = countedSink(lab);
    const failing: WorkerPlugin = {
      name: "failing",
      async runWorker(worker, next) {
        const running = next(worker);
        worker.shutdown();
        await running;
        throw new Error("the batchers broke");
      },
    };
    const plugin = await pluginOf({ name, sink: open, batcherWorker: { plugins: [failing] } });
    const worker = await Worker.create({ ...orderWorker(lab, name, plugin), connection });
    await assertRejects(() => worker.run(), Error, "the batchers broke");
    assertEquals([worker.getState(), counts], ["STOPPED", { opened: 1, closed: 1 }]);
    await connection.close();
  }],

  ["BatcherPlugin says what it cannot serve, and goes on with the worker that it has", async (lab) => {
    const { Worker } = await import("@temporalio/worker");
    const name = lab.name();
    await lab.batcherWorker(name);
    const plugin = await pluginOf({ name, taskQueue: name });
    const worker = await Worker.create(orderWorker(lab, name, plugin));
    const second = await Worker.create({ ...orderWorker(lab, name, plugin), taskQueue: `${name}-second` });
    const told = await worker.runUntil(async () => {
      await assertRejects(() => second.run(), Error, "one worker at a time");
      return await placeOrders(lab, name);
    });
    assertEquals(told, ["committed"]);
    assertThrows(
      () => plugin.configureWorker({ taskQueue: name, activities: { submitWrite() {} } }),
      TypeError,
      "has an activity 'submitWrite' already",
    );
  }],

  ["BatcherPlugin leaves a worker alone that is run twice", async (lab) => {
    const { Worker } = await import("@temporalio/worker");
    const name = lab.name();
    const worker = await Worker.create(orderWorker(lab, name, await pluginOf({ name, sink: lab.sink })));
    const told = await worker.runUntil(async () => {
      await assertRejects(() => worker.run(), Error, "already started");
      return await placeOrders(lab, name);
    });
    assertEquals(told, ["committed"]);
  }],

  ["BatcherPlugin of a connection leaves all its workers for batchers alone", async (lab) => {
    const { NativeConnection, Worker } = await import("@temporalio/worker");
    const { createBatcherWorker } = await import("../../src/worker/create_worker.ts");
    const [name, other, third] = [lab.name(), lab.name(), lab.name()];
    const plugins = [
      await pluginOf({ name, sink: lab.sink }),
      await pluginOf({ name: other, sink: lab.sink, callers: false }),
    ];
    const connection = await NativeConnection.connect({ address: lab.address, plugins });
    const further = await createBatcherWorker({ connection, name: third, sink: lab.sink });
    assertEquals([...further.options.activities.keys()], ["flushBatch"]);
    const worker = await Worker.create({ connection, taskQueue: `${name}-orders`, workflowsPath });
    const told = await worker.runUntil(() => further.runUntil(() => placeOrders(lab, name)));
    assertEquals(told, ["committed"]);
    await connection.close();
  }],

  ["BatcherPlugin ends with its worker, also where its batchers have not begun", async (lab) => {
    const { Worker } = await import("@temporalio/worker");
    const name = lab.name();
    const created = Promise.withResolvers<void>();
    const atEnd = Promise.withResolvers<void>();
    const late: WorkerPlugin = {
      name: "late",
      async runWorker(batchers, next) {
        const getState = batchers.getState.bind(batchers);
        batchers.getState = () => {
          atEnd.resolve();
          return getState();
        };
        created.resolve();
        // They begin only when they are about to be shut down.
        await atEnd.promise;
        await next(batchers);
      },
    };
    const plugin = await pluginOf({ name, sink: lab.sink, batcherWorker: { plugins: [late] } });
    const worker = await Worker.create(orderWorker(lab, name, plugin));
    let ended = false;
    const running = worker.runUntil(created.promise).finally(() => ended = true);
    await eventually("all have ended", () => Promise.resolve(ended));
    await running;
  }],

  ["BatcherPlugin ends a worker whose sink does not open, and its callers go on with the next one", async (lab) => {
    const { Worker } = await import("@temporalio/worker");
    const name = lab.name();
    const { open, counts } = countedSink(lab);
    const { promise, resolve } = Promise.withResolvers<Sink>();
    const asked = Promise.withResolvers<void>();
    const waiting = await pluginOf({ name, sink: () => (asked.resolve(), promise) });
    const worker = await Worker.create({ ...orderWorker(lab, name, waiting), shutdownGraceTime: "100ms" });
    let told: Promise<string[]>;
    await worker.runUntil(async () => {
      told = placeOrders(lab, name, 0, 1);
      await asked.promise;
      await eventually("a caller waits", () => Promise.resolve(worker.getStatus().numInFlightLocalActivities === 1));
    });
    resolve(await open());
    await eventually("it was closed", () => Promise.resolve(counts.closed === 1));
    const next = await Worker.create(orderWorker(lab, name, await pluginOf({ name, sink: lab.sink })));
    assertEquals(await next.runUntil(() => told), ["committed"]);
  }],

  ["BatcherPlugin serves a worker that makes its own connection", async (lab) => {
    const { NativeConnection, Worker } = await import("@temporalio/worker");
    const name = lab.name();
    const { connect } = NativeConnection;
    // Where no options say it, the SDK connects to port 7233.
    NativeConnection.connect = function (options) {
      return connect.call(this, { address: lab.address, ...options });
    };
    try {
      const plugins = [await pluginOf({ name, sink: lab.sink })];
      const worker = await Worker.create({ taskQueue: `${name}-orders`, workflowsPath, plugins });
      assertEquals(await worker.runUntil(() => placeOrders(lab, name)), ["committed"]);
    } finally {
      NativeConnection.connect = connect;
    }
  }],

  ["BatcherPlugin keeps the slots, the tuner and the activities that a worker has", async () => {
    const plugin = await pluginOf({});
    const activities = { charge() {} };
    const own = plugin.configureWorker({ taskQueue: "q", activities, maxConcurrentLocalActivityExecutions: 7 });
    assertEquals(Object.keys(own.activities!), ["charge", "submitWrite"]);
    assertEquals([own.maxConcurrentLocalActivityExecutions, own.shutdownGraceTime], [7, "10s"]);
    assert(own.maxConcurrentActivityTaskExecutions! >= 1_000);
    const { tuner, ...rest } = plugin.configureWorker({
      taskQueue: "q",
      shutdownGraceTime: "1s",
      tuner: { tunerOptions: { targetCpuUsage: 1, targetMemoryUsage: 1 } },
    });
    assert(tuner);
    assertEquals([rest.maxConcurrentActivityTaskExecutions, rest.shutdownGraceTime], [undefined, "1s"]);
  }],

  ["BatcherPlugin may come with the connection, which the batchers' worker inherits it from", async (lab) => {
    const { NativeConnection, Worker } = await import("@temporalio/worker");
    const name = lab.name();
    const plugin = await pluginOf({ name, sink: lab.sink });
    const connection = await NativeConnection.connect({ address: lab.address, plugins: [plugin] });
    const worker = await Worker.create({ connection, taskQueue: `${name}-orders`, workflowsPath });
    assertEquals(await worker.runUntil(() => placeOrders(lab, name)), ["committed"]);
    await connection.close();
  }],

  ["BatcherPlugin encodes payloads as its worker does", async (lab) => {
    const { Worker } = await import("@temporalio/worker");
    const { Client } = await import("@temporalio/client");
    const { AesCodec } = await import("../support/aes_codec.ts");
    const name = lab.name();
    const dataConverter = { payloadCodecs: [new AesCodec()] };
    const plugin = await pluginOf({ name, sink: lab.sink });
    const worker = await Worker.create({ ...orderWorker(lab, name, plugin), dataConverter });
    const client = new Client({ connection: lab.native, dataConverter });
    const workflowId = `${name}/order`;
    const start = { taskQueue: `${name}-orders`, workflowId, args: [workflowId] };
    assertEquals(await worker.runUntil(() => client.workflow.execute("order", start)), "committed");
    const { events } = await lab.batcher(name).fetchHistory();
    const payloads = events!.flatMap((event) =>
      event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.args?.payloads ?? []
    );
    const encodings = payloads.map(({ metadata }) => new TextDecoder().decode(metadata!.encoding));
    assertEquals(encodings, ["binary/encrypted", "binary/encrypted"]);
  }],

  ["BatcherPlugin ends callers with their receipts when the process is interrupted", async (lab) => {
    const name = lab.name();
    const args = ["run", "-A", PROCESS, lab.address, name, lab.ledgerFile];
    const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
    let said = "";
    const reading = (async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) said += text;
    })();
    const times = (word: string) => said.split(word).length - 1;
    try {
      await eventually("the worker is ready", () => Promise.resolve(said.includes("ready")));
      const first = placeOrders(lab, name, 0, 1);
      await eventually("a flush", () => Promise.resolve(times("flushing") > 0));
      const others = placeOrders(lab, name, 1, ORDERS - 1);
      // A fast attempt that is over on a busy machine is followed by another one.
      const waiting = () => new Set(said.match(/submitting [^;]+;/g)).size;
      await eventually("all wait", () => Promise.resolve(waiting() === ORDERS));
      child.kill("SIGINT");
      assertEquals([await first, await others], [["committed"], ["committed"]]);
      assertEquals((await child.status).code, 0);
      await reading;
      assert(times("flushing") >= 2, "the others wait for the next flush");
      assertEquals(times("ended"), 1);
    } finally {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await reading;
    }
  }],
]);
