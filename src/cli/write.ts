/**
 * `deno task write`: JSON lines into the sink, without workflows of the callers.
 *
 * @module
 */
import { BatchWriter } from "../client/batch_writer.ts";
import { connectWriterClient } from "../client/connection.ts";
import { WriteError } from "../protocol/failures.ts";
import { DEFAULT_BATCHER_NAME } from "../protocol/names.ts";
import type { Receipt, Write } from "../protocol/write.ts";
import { taskQueuesOf } from "../worker/local_system.ts";
import { createLog } from "../worker/log.ts";
import { installRuntime } from "../worker/runtime.ts";
import { EXIT_FAILED, main, UsageError } from "./command.ts";
import { openLines, readWrites } from "./input.ts";
import { showProgress } from "./progress.ts";
import { connectOrExplain, unpolledTaskQueues } from "./server_access.ts";
import { LineRoom } from "./line_room.ts";
import { addressFlag, batchingFlags, batchingOf, bodyStorageFlag, dataConverterOf } from "./shared_flags.ts";
import { WriteTally } from "./write_tally.ts";

/** Half of what a writer lets wait: no line is to find it full. */
const BYTES_AT_ONCE = 32 * 1024 * 1024;

await main({
  usage: "deno task write",
  summary: "Writes each line of JSON as one row, through the batchers of running workers.\n" +
    "Stop it and run it again as you like: no line is stored twice.",
  flags: {
    input: { type: "text", value: "FILE|-", help: "Lines of JSON; - is standard input" },
    "id-field": {
      type: "text",
      value: "NAME",
      help: "Field of a line that is its request id (default: a digest of the line)",
    },
    "partition-field": {
      type: "text",
      value: "NAME",
      help: "Field of a line that is its partition key: rows of one key are stored in the order of their lines",
    },
    concurrency: { type: "number", min: 1, max: 40_000, default: 4_000, help: "Lines under way at the same time" },
    receipts: { type: "text", value: "FILE", help: "Keep a line of JSON for each receipt or error" },
    ...batchingFlags,
    ...bodyStorageFlag,
    ...addressFlag,
  },
  examples: [
    "deno task write --input orders.jsonl --id-field orderId --partition-field customer",
    "zcat events.jsonl.gz | deno task write --input -",
  ],
  async run(flags, _operands, signal) {
    const { input } = flags;
    if (input === undefined) throw new UsageError("Say what to write: --input FILE, or --input - for standard input");
    const batching = batchingOf(flags);
    const dataConverter = await dataConverterOf(flags["body-storage"]);
    const fields = { idField: flags["id-field"], partitionField: flags["partition-field"] };
    installRuntime(createLog("warn"), "warn");
    // Standard input can be read only once, so there a bad line shows up in the middle.
    const total = input === "-" ? undefined : await countWrites(input, fields);
    await using checked = await connectOrExplain(flags.address);
    const { batcher } = taskQueuesOf(DEFAULT_BATCHER_NAME);
    if ((await unpolledTaskQueues(checked.client, [batcher])).length > 0) {
      throw new UsageError(`No worker polls ${batcher}: start one with 'deno task worker --role batcher'`);
    }
    await using receipts = await openReceipts(flags.receipts, input);
    await using connected = await connectWriterClient({ address: flags.address, dataConverter });
    await using writer = new BatchWriter({
      ...batching,
      client: connected.client,
      onWarning: (message) => console.error(`Waiting: ${message}`),
    });

    const tally = new WriteTally();
    const progress = showProgress("Lines", total);
    const room = new LineRoom(BYTES_AT_ONCE);
    const lines = room.admit(readWrites(await openLines(input), fields));
    let badLine: unknown;
    const lane = async () => {
      try {
        for await (const line of untilAborted(lines, signal)) {
          const outcome = await outcomeOf(writer, line.write, tally).finally(() => room.leave(line));
          await receipts.keep(outcome);
          progress.add();
        }
      } catch (error) {
        // The generator ends for all; what is under way is still waited for.
        badLine ??= error;
      }
    };
    await Promise.all(Array.from({ length: flags.concurrency }, lane));
    progress.stop();
    console.log(tally.summary(writer.stats));
    if (badLine !== undefined) {
      const already = `the ${tally.stored} lines before it that are counted above are stored`;
      throw new UsageError(
        `${(badLine as Error).message} (${already}; mend it and run again, no line is stored twice)`,
      );
    }
    return tally.allStored ? 0 : EXIT_FAILED;
  },
});

async function countWrites(path: string, fields: Parameters<typeof readWrites>[1]): Promise<number> {
  let count = 0;
  for await (const _ of readWrites(await openLines(path), fields)) count++;
  if (count === 0) throw new UsageError(`--input ${path} has no lines`);
  return count;
}

/** One generator for many consumers: none of them may close it for the others. */
async function* untilAborted<T>(shared: AsyncGenerator<T>, signal: AbortSignal): AsyncGenerator<T> {
  while (!signal.aborted) {
    const { done, value } = await shared.next();
    if (done) return;
    yield value;
  }
}

async function outcomeOf(writer: BatchWriter, write: Write, tally: WriteTally): Promise<Receipt | object> {
  const startedAt = performance.now();
  try {
    const receipt = await writer.write(write);
    tally.add(receipt, performance.now() - startedAt);
    return receipt;
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
    tally.addFailure(write.requestId, error);
    return { requestId: write.requestId, error: error.type, outcome: error.outcome, message: error.message };
  }
}

interface ReceiptFile extends AsyncDisposable {
  keep(outcome: object): Promise<void>;
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => Deno.realPath(path).catch(() => undefined)));
  return first !== undefined && first === second;
}

async function openReceipts(path: string | undefined, input: string): Promise<ReceiptFile> {
  if (path === undefined) return { keep: () => Promise.resolve(), [Symbol.asyncDispose]: () => Promise.resolve() };
  if (await isSameFile(path, input)) {
    throw new UsageError("--receipts must be another file than --input: it would be lost");
  }
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw new UsageError(`Cannot write --receipts ${path}: ${(error as Error).message}`);
  }
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  return {
    keep: (outcome) => writer.write(encoder.encode(JSON.stringify(outcome) + "\n")),
    [Symbol.asyncDispose]: () => writer.close(),
  };
}
