/**
 * `deno task worker`: the worker or workers of one process.
 *
 * @module
 */
import { createBatchWriteActivities } from "../lab/activities/batch_write.ts";
import { bundleLabWorkflows } from "../lab/create_lab_worker.ts";
import { openPlainTable } from "../lab/open_plain_table.ts";
import { SignalTable } from "../lab/signal_table.ts";
import { type Role, ROLES, startLocalSystem } from "../worker/local_system.ts";
import { createLog, type Level } from "../worker/log.ts";
import { installRuntime } from "../worker/runtime.ts";
import { EXIT_FAILED, main, UsageError } from "./command.ts";
import { effectFlags, effectOf } from "./effect_flags.ts";
import { connectOrExplain } from "./server_access.ts";
import {
  batchingFlags,
  batchingOf,
  bodyStorageFlag,
  dataConverterOf,
  logFlag,
  namedQueues,
  nameFlag,
  serverFlags,
  sinkFlag,
  sinkOpener,
  sinkSpecOf,
} from "./shared_flags.ts";
import { until } from "./until.ts";

await main({
  usage: "deno task worker",
  summary: "Runs workers until Ctrl-C, and then ends what they have begun: no write is left half done.\n" +
    "How to batch is for those that write: --role caller, and a batcher has the options of the writer that starts it.",
  flags: {
    role: {
      type: "text",
      choices: ROLES,
      renamed: { main: "caller" },
      default: "all",
      help: "'caller' runs transactions (main-workflow-queue), 'batcher' batches and flushes (batcher-queue)",
    },
    ...sinkFlag,
    ...effectFlags,
    ...bodyStorageFlag,
    ...batchingFlags,
    ...nameFlag,
    ...serverFlags,
    ...logFlag,
  },
  examples: [
    "deno task worker",
    "deno task worker --role batcher --sink sqlite:data/ledger.db",
    "deno task worker --into orders --columns 'id=$requestId,customer,amount'",
    "deno task worker --apply transfers.ts",
  ],
  untilStopped: true,
  async run(flags, _operands, signal) {
    checkRole(flags);
    const level = flags["log-level"] as Level;
    const log = createLog(level);
    const openSink = sinkOpener(flags.sink, log.warn, await effectOf(flags));
    const batching = batchingOf(flags);
    const { address, namespace } = flags;
    const { name } = namedQueues(flags.name);
    const dataConverter = await dataConverterOf(flags["body-storage"]);
    installRuntime(log, level);
    await (await connectOrExplain(address, { namespace }))[Symbol.asyncDispose]();
    const failure = new AbortController();
    // It also runs the signal variant, so that 'start --variant signal' needs no other worker.
    await using signalTable = new SignalTable(() => openPlainTable(sinkSpecOf(flags.sink), "signal_writes"), log);
    await using _system = await startLocalSystem({
      address,
      namespace,
      name,
      role: flags.role as Role,
      openSink,
      workflowBundle: await bundleLabWorkflows(),
      batcherActivities: createBatchWriteActivities(signalTable.insert),
      batching,
      dataConverter,
      log,
      onFailure: (error) => failure.abort(error),
    });
    log.info("Ready. Ctrl-C stops it.");
    await until(AbortSignal.any([signal, failure.signal]));
    if (failure.signal.aborted) {
      log.error(`A worker ended: ${(failure.signal.reason as Error).message}`);
      return EXIT_FAILED;
    }
    log.info(
      "Stopping: what has begun is finished first. Writes and transactions that wait go on with the next worker, and " +
        "none is lost or stored twice.",
    );
    return 0;
  },
});

/** Refuses a flag that the role would ignore: whoever gave it expects an effect. */
function checkRole(flags: { role: string } & Record<string, unknown>): void {
  const given = Object.keys(batchingFlags).find((name) => flags[name] !== undefined);
  if (flags.role === "batcher" && given !== undefined) {
    throw new UsageError(
      `--${given} is not for --role batcher: a batcher has the options of the writer that starts it`,
    );
  }
  const ofSink = Object.keys({ ...sinkFlag, ...effectFlags }).find((name) => flags[name] !== undefined);
  if (flags.role === "caller" && ofSink !== undefined) {
    throw new UsageError(`--${ofSink} is not for --role caller: rows are written by --role batcher`);
  }
}
