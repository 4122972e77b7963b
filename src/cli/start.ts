/**
 * `deno task start`: transactions against workers that run.
 *
 * @module
 */
import { DEFAULT_BATCHER_NAME } from "../protocol/names.ts";
import { BATCHING_DEFAULTS } from "../protocol/options.ts";
import { SIGNAL_BATCHER_ID } from "../lab/protocol/names.ts";
import { SIGNAL_TRANSACTIONS } from "../lab/signal_transactions.ts";
import { EXIT_FAILED, main, UsageError } from "./command.ts";
import { showProgress } from "./progress.ts";
import { connectOrExplain, isRunning, requireWorkers, unpolledTaskQueues } from "./server_access.ts";
import { batchingFlags, bodyStorageFlag, dataConverterOf, namedQueues, nameFlag, serverFlags } from "./shared_flags.ts";
import { transactionFlags, workMsOf, writesOf } from "./transaction_flags.ts";
import { lineOf, TransactionTally } from "./transaction_tally.ts";
import { runTransactions } from "./transactions.ts";

/** The two ways in which the transactions that a user can start write their rows. */
const VARIANTS = ["update", "signal"] as const;

/** Without an end for so long, the user is told that something may be wrong. */
const SILENCE_MS = 10_000;

await main({
  usage: "deno task start",
  summary: "Starts transactions against running workers, prints one line for each, and sums up.",
  flags: {
    ...transactionFlags,
    variant: {
      type: "text",
      choices: VARIANTS,
      default: "update",
      help: "How transactions write; 'signal' is the older way, kept for comparison, and needs 'deno task batcher'",
    },
    "confirmation-timeout-ms": {
      ...batchingFlags["confirmation-timeout-ms"],
      default: BATCHING_DEFAULTS.confirmationTimeoutMs,
      help: "How long a transaction waits for its receipt or confirmation",
    },
    ...bodyStorageFlag,
    ...nameFlag,
    ...serverFlags,
  },
  examples: ["deno task start --workflows 100", "deno task start --input orders.jsonl --id-field orderId"],
  async run(flags, _operands, signal) {
    const writes = await writesOf(flags);
    const dataConverter = await dataConverterOf(flags["body-storage"]);
    const queues = namedQueues(flags.name);
    const isSignal = flags.variant === "signal";
    if (isSignal && queues.name !== DEFAULT_BATCHER_NAME) throw new UsageError("--name is not for --variant signal");
    await using connected = await connectOrExplain(flags.address, { namespace: flags.namespace, dataConverter });
    const { client } = connected;
    await requireWorkers(client, [queues.main, queues.batcher], queues.worker);

    if (isSignal && !await isRunning(client, SIGNAL_BATCHER_ID)) {
      throw new UsageError(`No signal batcher ${SIGNAL_BATCHER_ID} is running: start it with 'deno task batcher'`);
    }

    const startedAt = performance.now();
    const tally = new TransactionTally();
    const progress = showProgress("Transactions", writes.length);
    let heardAt = performance.now();
    const silence = setInterval(async () => {
      if (performance.now() - heardAt < SILENCE_MS) return;
      heardAt = performance.now();
      // A server that is away says nothing about its workers.
      const unpolled = await unpolledTaskQueues(client, [queues.main, queues.batcher]).catch(() => []);
      const why = unpolled.length > 0 ? `no worker polls ${unpolled.join(" and ")}` : "are the workers still there?";
      console.error(`No transaction has ended for ${SILENCE_MS / 1_000} s: ${why} (Ctrl-C gives up)`);
    }, 1_000);
    const lines: string[] = [];
    const started = await runTransactions(writes, {
      client,
      taskQueue: queues.main,
      ...(isSignal && { kind: SIGNAL_TRANSACTIONS }),
      workMs: workMsOf(flags),
      confirmationTimeoutMs: flags["confirmation-timeout-ms"],
      signal,
      onOutcome(outcome) {
        heardAt = performance.now();
        tally.add(outcome);
        lines.push(lineOf(outcome));
        progress.add();
      },
    });
    clearInterval(silence);
    progress.stop();
    for (const line of lines) console.log(line);
    const unfinished = started - tally.ended;
    const unstarted = writes.length - started;
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const { counts } = tally;
    const became = isSignal
      ? `${tally.confirmed} confirmed, ${counts.of("failed")} failed, ${counts.of("unknown")} unknown`
      : `${counts}`;
    console.log(
      `${writes.length} transactions in ${seconds} s: ${became}${
        unfinished > 0 ? `, ${unfinished} not waited for (they go on by themselves, and their rows may be stored)` : ""
      }${unstarted > 0 ? `, ${unstarted} not started` : ""}`,
    );
    if (tally.succeeded > 0) {
      console.log(
        `A caller's wait: p50 ${tally.waitMs(50)} ms, p95 ${tally.waitMs(95)} ms, p99 ${tally.waitMs(99)} ms`,
      );
    }
    return tally.succeeded === writes.length ? 0 : EXIT_FAILED;
  },
});
