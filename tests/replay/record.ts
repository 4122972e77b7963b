/**
 * Records the histories that `replay_test.ts` replays: `deno run -A tests/replay/record.ts [NAME…]`.
 *
 * Record a new history for a new path through the workflows. Do not record an old one again to make a replay pass: that it
 * fails means that the batchers which run now would fail too.
 *
 * @module
 */
import { historyToJSON } from "@temporalio/common/lib/proto-utils.js";
import { DatabaseSync } from "node:sqlite";
import { LIMITS } from "../../src/protocol/limits.ts";
import { eventually } from "../support/eventually.ts";
import { setupError } from "../support/faulty_sink.ts";
import { Lab } from "../support/lab.ts";
import { SignalSystem } from "../support/signal_system.ts";

/** Does something, and returns the id, and where it is not the last run the run id, of the workflow to record. */
type Scenario = (lab: Lab, name: string) => Promise<{ workflowId: string; runId?: string }>;

const SCENARIOS: Record<string, Scenario> = {
  async "fast-flush"(lab, name) {
    const writer = lab.writer(name);
    await Promise.all(
      ["a", "b", "c"].map((requestId) => writer.write({ requestId, data: requestId, partitionKey: "k" })),
    );
    await writer.write({ requestId: "d", data: "d" });
    return lab.batcher(name);
  },
  async "durable-flush"(lab, name) {
    lab.sink.failBeforeCommit(2);
    await lab.writer(name).write({ requestId: "a", data: "a" });
    await lab.writer(name).write({ requestId: "b", data: "b" });
    return lab.batcher(name);
  },
  async "failed-flush"(lab, name) {
    const writer = lab.writer(name, { durableFlushMs: 1_000 });
    lab.sink.failBeforeCommit(Infinity, setupError);
    await writer.write({ requestId: "a", data: "a" }).catch(() => {});
    lab.sink.failBeforeCommit(Infinity);
    await writer.write({ requestId: "b", data: "b" }).catch(() => {});
    lab.sink.heal();
    await writer.write({ requestId: "c", data: "c" });
    return lab.batcher(name);
  },
  async attach(lab, name) {
    lab.sink.failBeforeCommit(Infinity);
    const write = { requestId: "a", data: "a" };
    const writes = [lab.writer(name).write(write)];
    await eventually("the first write", async () => await lab.acceptedUpdates(name) === 1);
    const second = lab.writer(name);
    writes.push(second.write(write), second.write({ requestId: "b", data: "b" }));
    await eventually("the second write", async () => await lab.acceptedUpdates(name) === 2);
    lab.sink.heal();
    await Promise.all(writes);
    return lab.batcher(name);
  },
  async "compares-ledgers"(lab, name) {
    const writer = lab.writer(name);
    await writer.write({ requestId: "a", data: "a" });
    await lab.ledgersCompared(name);
    await writer.write({ requestId: "b", data: "b" });
    return lab.batcher(name);
  },
  async "ledger-changes"(lab, name) {
    const writer = lab.writer(name);
    await writer.write({ requestId: "a", data: "a" });
    using ledger = new DatabaseSync(lab.ledgerFile, { timeout: 5_000 });
    for (const column of ["epoch", "identity"]) {
      ledger.exec(`UPDATE batcher_ledger SET ${column} = 'another'`);
      await writer.write({ requestId: column, data: column });
    }
    return lab.batcher(name);
  },
  async "compares-again"(lab, name) {
    const writer = lab.writer(name);
    await writer.write({ requestId: "a", data: "a" });
    await lab.ledgersCompared(name);
    using ledger = new DatabaseSync(lab.ledgerFile, { timeout: 5_000 });
    ledger.exec("UPDATE batcher_ledger SET identity = 'another'");
    await writer.write({ requestId: "b", data: "b" });
    await new Promise((resolve) => setTimeout(resolve, LIMITS.ledgerSplitMs));
    await writer.write({ requestId: "c", data: "c" });
    await eventually("other workers were asked again", async () => {
      const { events } = await lab.batcher(name).fetchHistory();
      return events!.filter((event) => event.activityTaskCompletedEventAttributes).length === 3 * LIMITS.ledgerAnswers;
    });
    await writer.write({ requestId: "d", data: "d" });
    return lab.batcher(name);
  },
  async "rolls-over"(lab, name) {
    await writeUntilGeneration(lab, name, 1);
    return { workflowId: lab.batcher(name).workflowId, runId: await firstRunId(lab, name) };
  },
  async "rolled-over"(lab, name) {
    await writeUntilGeneration(lab, name, 2);
    await lab.writer(name).write({ requestId: "last", data: null });
    return lab.batcher(name);
  },
  async "rolled-over-writers"(lab, name) {
    await lab.writer(name).write({ requestId: "other writer", data: null });
    await writeUntilGeneration(lab, name, 1);
    await lab.writer(name).write({ requestId: "last", data: null });
    return lab.batcher(name);
  },
  async "lane-ends"(lab, name) {
    const options = { writersMax: 1, writerLeaseMs: 1_000 };
    await lab.writer(name, options).write({ requestId: "a", data: "a" });
    await lab.writer(name, options).write({ requestId: "b", data: "b" });
    const lane = lab.batcher(name, { lane: 1 });
    await eventually("it has ended", async () => (await lane.describe()).status.name === "COMPLETED");
    return lane;
  },
  async gathers(lab, name) {
    const writer = lab.writer(name, { gatherMs: 200 });
    await writer.write({ requestId: "a", data: "a" });
    await Promise.all([writer, lab.writer(name)].map((each, i) => each.write({ requestId: `b${i}`, data: i })));
    return lab.batcher(name);
  },
  async "transaction-success"(lab, name) {
    const handle = await startTransaction(lab, name, "a", 1);
    await handle.result();
    return handle;
  },
  async "transaction-durable-submit"(lab, name) {
    // So long a window is not for the fast attempt.
    const writer = lab.writer(name, { windowMs: 60_000 });
    await lab.mainWorker(`${name}-callers`, writer);
    const input = { write: { data: "a" } };
    const handle = await lab.startTransaction(`${name}-callers`, input);
    await eventually("the write", async () => await Promise.resolve(writer.stats.waitingWrites === 1));
    await writer.flush();
    await handle.result();
    return handle;
  },
  async "transaction-failure"(lab, name) {
    await (await startTransaction(lab, name, "a", 1)).result();
    const handle = await lab.startTransaction(`${name}-callers`, { write: { requestId: "a", data: 2 } });
    await handle.result().catch(() => {});
    return handle;
  },
  async "signal-batcher"(lab) {
    await using system = await openSignalSystem(lab, 2);
    system.failures = 3;
    await system.work();
    await system.request("a", "a");
    const handle = await system.transaction();
    await handle.result();
    await system.request("b");
    await eventually("the last batch", async () => (await system.stats()).processed_batches === 2);
    return system.batcher;
  },
  async "signal-batcher-rolls-over"(lab) {
    await using system = await openSignalSystem(lab, 1);
    const { runId } = await system.batcher.describe();
    await system.request(...Array.from({ length: 11 }, (_, n) => `${n}`));
    await system.work();
    await eventually("a new run", async () => (await system.batcher.describe()).runId !== runId);
    return { workflowId: system.name, runId };
  },
  async "signal-transaction-success"(lab) {
    await using system = await openSignalSystem(lab, 1);
    await system.work();
    const handle = await system.transaction({ workMs: [1, 2] });
    await handle.result();
    return handle;
  },
  async "signal-transaction-timeout"(lab) {
    await using system = await openSignalSystem(lab, 2, 600_000);
    await system.work();
    const handle = await system.transaction({ confirmationTimeoutMs: 100 });
    await handle.result().catch(() => {});
    return handle;
  },
  async "signal-transaction-undelivered"(lab) {
    await using system = await openSignalSystem(lab, 1);
    await system.work();
    const handle = await system.transaction({ batcherId: "nobody" });
    await handle.result().catch(() => {});
    return handle;
  },
};

async function openSignalSystem(lab: Lab, size: number, windowMs = 500): Promise<SignalSystem> {
  return await SignalSystem.open(lab, { size, windowMs });
}

async function startTransaction(lab: Lab, name: string, requestId: string, data: number) {
  await lab.mainWorker(`${name}-callers`, lab.writer(name));
  return await lab.startTransaction(`${name}-callers`, { write: { requestId, data }, workMs: [1, 2] });
}

async function writeUntilGeneration(lab: Lab, name: string, generation: number): Promise<void> {
  const writer = lab.writer(name);
  let n = 0;
  await eventually(`generation ${generation}`, async () => {
    await writer.write({ requestId: `${generation}/${n}`, data: n++ });
    return (await lab.stats(name)).generation >= generation;
  });
}

async function firstRunId(lab: Lab, name: string): Promise<string | undefined> {
  const { events } = await lab.batcher(name).fetchHistory();
  return events?.[0].workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? undefined;
}

/** What says where a history was recorded, and nothing else. */
const PLACES: ReadonlySet<string> = new Set(["identity", "stackTrace", "sourceNode"]);

/** A worker's identity, and the name of its sticky queue: `<pid>@<host>`. */
const IDENTITY = /^\d+@/;

function withoutPlaces(key: string, value: unknown): unknown {
  return PLACES.has(key) || typeof value === "string" && IDENTITY.test(value) ? "" : value;
}

async function record(scenario: string): Promise<void> {
  const early = scenario.startsWith("roll");
  await using lab = await Lab.open(early ? { dynamicConfig: { "limit.historyCount.suggestContinueAsNew": "20" } } : {});
  const name = lab.name();
  await lab.batcherWorker(name);
  const { workflowId, runId } = await SCENARIOS[scenario](lab, name);
  const history = await lab.client.workflow.getHandle(workflowId, runId).fetchHistory();
  const json = JSON.stringify(JSON.parse(historyToJSON(history)), withoutPlaces, 2);
  await Deno.writeTextFile(new URL(`histories/${scenario}.json`, import.meta.url), `${json}\n`);
  console.log(`${scenario}: ${history.events?.length} events`);
}

for (const scenario of Deno.args.length > 0 ? Deno.args : Object.keys(SCENARIOS)) await record(scenario);
