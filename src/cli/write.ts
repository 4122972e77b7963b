/**
 * `deno task write`: JSON lines into the sink, without workflows of the callers.
 *
 * @module
 */
import { BatchWriter } from "../client/batch_writer.ts";
import { EXIT_FAILED, main, UsageError } from "./command.ts";
import { openLines, readWrites } from "./input.ts";
import { showProgress } from "./progress.ts";
import { connectOrExplain, requireWorkers } from "./server_access.ts";
import { openReceipts } from "./receipt_file.ts";
import { sendLines } from "./send_lines.ts";
import {
  batchingFlags,
  batchingOf,
  bodyStorageFlag,
  dataConverterOf,
  namedQueues,
  nameFlag,
  serverFlags,
} from "./shared_flags.ts";
import { WriteTally } from "./write_tally.ts";

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
    "stop-after": {
      type: "number",
      min: 1,
      max: 1_000_000,
      default: 3,
      help: "Stop after so many rounds in a row without an answer within --confirmation-timeout-ms; " +
        "lines that wait at the same time are one round",
    },
    receipts: { type: "text", value: "FILE", help: "Keep a line of JSON for each receipt or error" },
    ...batchingFlags,
    ...bodyStorageFlag,
    ...nameFlag,
    ...serverFlags,
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
    // Standard input can be read only once, so there a bad line shows up in the middle.
    const total = input === "-" ? undefined : await countWrites(input, fields);
    const { address, namespace } = flags;
    const { name, batcher, worker } = namedQueues(flags.name);
    await using checked = await connectOrExplain(address, { namespace });
    await requireWorkers(checked.client, [batcher], `${worker} --role batcher`);
    await using receipts = await openReceipts(flags.receipts, input);
    await using writer = await BatchWriter.connect({
      ...batching,
      address,
      namespace,
      dataConverter,
      name,
      taskQueue: batcher,
      onWarning: (message) => console.error(`Waiting: ${message}`),
    });

    const tally = new WriteTally();
    const progress = showProgress("Lines", total);
    const { stoppedAfter, badLine, lostReceipt } = await sendLines(readWrites(await openLines(input), fields), {
      writer,
      concurrency: flags.concurrency,
      stopAfter: flags["stop-after"],
      tally,
      receipts,
      progress,
      signal,
      say: (message) => console.error(message.replaceAll(/\s*\n\s*/g, " | ")),
    });
    progress.stop();
    console.log(tally.summary(writer.stats));
    if (stoppedAfter !== undefined) {
      console.log(`Not sent:      all lines after line ${stoppedAfter}. Run it again: no line is stored twice.`);
    }
    if (lostReceipt !== undefined) throw lostReceipt;
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
