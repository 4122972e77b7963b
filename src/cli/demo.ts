/**
 * `deno task demo`: the main job, from nothing.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import type { FlushReport } from "../../activities/flush_batch.ts";
import { DEFAULT_ADDRESS, DEFAULT_PORT } from "../client/connection.ts";
import { batcherWorkflowId } from "../protocol/names.ts";
import type { Write } from "../protocol/write.ts";
import { UI_PORT_OFFSET } from "../server/dev_server_options.ts";
import { type DevServer, findOrStartDevServer } from "../server/dev_server.ts";
import type { Sink } from "../sinks/sink.ts";
import { endWorkflows } from "../worker/end_workflows.ts";
import { type LocalSystem, startLocalSystem } from "../worker/local_system.ts";
import { createLog, type Level, type Log } from "../worker/log.ts";
import { installRuntime } from "../worker/runtime.ts";
import { EXIT_FAILED, main } from "./command.ts";
import { showProgress } from "./progress.ts";
import { connectOrExplain } from "./server_access.ts";
import {
  addressFlag,
  batchingFlags,
  batchingOf,
  bodyStorageFlag,
  dataConverterOf,
  logFlag,
  sinkFlag,
  sinkOpener,
} from "./shared_flags.ts";
import { transactionFlags, workMsOf, writesOf } from "./transaction_flags.ts";
import { TransactionTally } from "./transaction_tally.ts";
import { runTransactions } from "./transactions.ts";
import { until } from "./until.ts";

const DEFAULT_WORKFLOWS = 25;

await main({
  usage: "deno task demo",
  summary:
    "Runs transactions at once on a Temporal server and workers of its own, and counts their rows in the database.\n" +
    "It stops what it started, and nothing else: on a server that goes on, its own workflows.",
  flags: {
    ...transactionFlags,
    ...sinkFlag,
    ...bodyStorageFlag,
    ...batchingFlags,
    keep: { type: "switch", help: "Leave server and workers running until Ctrl-C, to look around in the Web UI" },
    address: {
      ...addressFlag.address,
      help: `Temporal server (default: TEMPORAL_ADDRESS, a profile, ${DEFAULT_ADDRESS}, or one is started)`,
    },
    "log-level": { ...logFlag["log-level"], default: "warn" },
  },
  examples: [
    "deno task demo --workflows 500",
    `git log --pretty='{"commit":"%H","at":"%aI"}' | deno task demo --input -`,
  ],
  async run(flags, _operands, signal) {
    const level = flags["log-level"] as Level;
    const log = createLog(level);
    const openSink = sinkOpener(flags.sink, log.info);
    const batching = batchingOf(flags);
    const dataConverter = await dataConverterOf(flags["body-storage"]);
    const writes = await writesOf(flags, DEFAULT_WORKFLOWS);
    installRuntime(log, level);

    const { address } = flags;
    if (address !== undefined) await (await connectOrExplain(address))[Symbol.asyncDispose]();
    await using server = await findOrStartDevServer({ address, log: (line) => console.error(line) });
    console.error(`Server:  ${server.address} (${server.source})`);
    const flushes: FlushReport[] = [];
    const name = `demo-${crypto.randomUUID().slice(0, 8)}`;
    await using system = await startLocalSystem({
      address: server.address,
      log,
      openSink,
      batching,
      dataConverter,
      name,
      onFlush: (report) => flushes.push(report),
    });
    const sink = system.sink!;
    console.error(`Workers: ${system.mainTaskQueue} and ${system.batcherTaskQueue}`);
    if (signal.aborted) return EXIT_FAILED;

    await using stack = new AsyncDisposableStack();
    // On a server that keeps running, batchers and unfinished transactions would wait for a worker indefinitely.
    if (!server.startedByUs) stack.defer(() => endAll(system, log));
    const tally = await runAll(writes, {
      client: system.client,
      taskQueue: system.mainTaskQueue,
      signal,
      flags,
    });
    if (signal.aborted) {
      console.error("Stopping what was started: what has begun is finished first.");
      return EXIT_FAILED;
    }
    const exact = await report(writes, { tally, flushes, sink, server, name, keep: flags.keep });
    if (flags.keep) {
      console.log("Still running, for you to look around. Ctrl-C stops it.");
      await until(signal);
    }
    return exact ? 0 : EXIT_FAILED;
  },
});

async function runAll(
  writes: readonly Write[],
  { client, taskQueue, signal, flags }: {
    client: Client;
    taskQueue: string;
    signal: AbortSignal;
    flags: Parameters<typeof workMsOf>[0] & { readonly "confirmation-timeout-ms": number | undefined };
  },
): Promise<TransactionTally> {
  const tally = new TransactionTally();
  const progress = showProgress("Transactions", writes.length);
  await runTransactions(writes, {
    client,
    taskQueue,
    workMs: workMsOf(flags),
    confirmationTimeoutMs: flags["confirmation-timeout-ms"],
    signal,
    onOutcome(outcome) {
      tally.add(outcome);
      progress.add();
    },
  });
  progress.stop();
  return tally;
}

/** Prints the report and says whether every transaction succeeded and the ledger agrees. */
async function report(writes: readonly Write[], of: {
  tally: TransactionTally;
  flushes: readonly FlushReport[];
  sink: Sink;
  server: DevServer;
  name: string;
  keep: boolean;
}): Promise<boolean> {
  const { tally, sink, server } = of;
  const flushed = of.flushes.filter((flush) => flush.error === undefined);
  const rows = flushed.reduce((sum, flush) => sum + flush.writes, 0);
  const stored = await sink.countCommittedOf([...tally.storedIds]);
  const total = await sink.countCommitted();
  const ui = server.uiUrl && `${server.uiUrl}/namespaces/${server.namespace}/workflows/` +
      encodeURIComponent(batcherWorkflowId(of.name, 0, 0));
  const lines: [string, string][] = [
    ["Transactions", `${writes.length}: ${tally.counts}`],
    ["Flushes", `${flushed.length}, ${(rows / Math.max(1, flushed.length)).toFixed(1)} rows per flush`],
    ["A caller's wait", `p50 ${tally.waitMs(50)} ms, p95 ${tally.waitMs(95)} ms, p99 ${tally.waitMs(99)} ms`],
    [
      "In the ledger",
      `${stored} of these ${tally.storedIds.size} rows, ${total} rows in all (counted in the database)`,
    ],
    ["Ledger", sink.description],
    // The page goes with its server.
    [
      "Web UI",
      server.startedByUs && !of.keep
        ? "run it with --keep to look around"
        : ui ?? `wherever that server has it; a dev server has it on port ${DEFAULT_PORT + UI_PORT_OFFSET}`,
    ],
  ];
  console.log(lines.map(([name, text]) => `${`${name}:`.padEnd(17)}${text}`).join("\n"));
  for (const failure of tally.failures) console.log(`  ${failure}`);
  const exact = stored === tally.storedIds.size;
  if (!exact) {
    console.log(
      `The ledger does not agree: ${tally.storedIds.size - stored} rows that callers were told of are not there.`,
    );
  }
  return exact && tally.succeeded === writes.length;
}

async function endAll({ client, mainTaskQueue, batcherTaskQueue }: LocalSystem, log: Log): Promise<void> {
  const taskQueues = [mainTaskQueue, batcherTaskQueue];
  await endWorkflows({ client, taskQueues, reason: "The demonstration is over", log });
}
