/**
 * `deno task write`: JSON lines into the sink, without workflows of the callers.
 *
 * @module
 */
import { BatchWriter } from "../client/batch_writer.ts";
import { LIMITS } from "../protocol/limits.ts";
import { EXIT_FAILED, main, UsageError } from "./command.ts";
import { BadLineError } from "./bad_line.ts";
import { type LineFields, openLines, readWrites } from "./input.ts";
import { LineRanges } from "./line_ranges.ts";
import { openOutput } from "./output_file.ts";
import { showProgress } from "./progress.ts";
import { connectOrExplain, requireWorkers } from "./server_access.ts";
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

/** No line is to find its writer full. */
const CONCURRENCY_MAX = 0.8 * LIMITS.waitingWrites;

const encoder = new TextEncoder();

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
    concurrency: {
      type: "number",
      min: 1,
      max: CONCURRENCY_MAX,
      default: 4_000,
      help: "Lines under way at the same time",
    },
    "stop-after": {
      type: "number",
      min: 1,
      max: 1_000_000,
      default: 3,
      help: "Stop after so many rounds in a row without an answer within --confirmation-timeout-ms; " +
        "lines that wait at the same time are one round",
    },
    receipts: { type: "text", value: "FILE", help: "Keep a line of JSON for each receipt or error" },
    "skip-bad": {
      type: "text",
      value: "FILE",
      help:
        "Go on after a line that cannot be a write (not JSON, over a limit, without its id), and keep it in this new " +
        "file, as it is, to be corrected and written later; the reason is on stderr, and the exit code is 1",
    },
    ...batchingFlags,
    ...bodyStorageFlag,
    ...nameFlag,
    ...serverFlags,
  },
  examples: [
    "deno task write --input orders.jsonl --id-field orderId --partition-field customer",
    "zcat events.jsonl.gz | deno task write --input -",
    "deno task write --input events.jsonl --skip-bad bad.jsonl",
  ],
  async run(flags, _operands, signal) {
    const { input } = flags;
    if (input === undefined) throw new UsageError("Say what to write: --input FILE, or --input - for standard input");
    const batching = batchingOf(flags);
    const dataConverter = await dataConverterOf(flags["body-storage"]);
    const fields = { idField: flags["id-field"], partitionField: flags["partition-field"] };
    // Standard input can be read only once, so there a bad line shows up in the middle.
    const skipBad = flags["skip-bad"];
    const total = input === "-" ? undefined : await countWrites(input, fields, skipBad !== undefined);
    const { address, namespace } = flags;
    const { name, batcher, worker } = namedQueues(flags.name);
    await using checked = await connectOrExplain(address, { namespace });
    await requireWorkers(checked.client, [batcher], `${worker} --role batcher`);
    await using receipts = await openOutput("--receipts", flags.receipts, { others: { "--input": input } });
    const others = { "--input": input, "--receipts": flags.receipts };
    await using skippedFile = await openOutput("--skip-bad", skipBad, { others, present: "refuse" });
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
    const skipped = new LineRanges();
    const onBadLine = skipBad === undefined ? undefined : async (bad: BadLineError) => {
      await skippedFile.write(bad.bytes);
      skipped.add(bad.line);
      console.error(`Skipped: ${bad.message}`);
    };
    const lines = readWrites(await openLines(input), fields, onBadLine);
    const { stoppedAfter, badLine, lostReceipt } = await sendLines(lines, {
      writer,
      concurrency: flags.concurrency,
      stopAfter: flags["stop-after"],
      tally,
      receipts: { keep: (outcome) => receipts.write(encoder.encode(JSON.stringify(outcome))) },
      progress,
      signal,
      say: (message) => console.error(message.replaceAll(/\s*\n\s*/g, " | ")),
    });
    progress.stop();
    console.log(tally.summary(writer.stats));
    if (stoppedAfter !== undefined) {
      console.log(`Not sent:      all lines after line ${stoppedAfter}. Run it again: no line is stored twice.`);
    }
    if (!skipped.isEmpty) {
      console.log(`Skipped:       ${skipped.count} of the input, kept in ${skipBad}: ${skipped}`);
    }
    if (lostReceipt !== undefined) throw lostReceipt;
    if (badLine !== undefined) {
      const after = badLine instanceof BadLineError
        ? "it and those after it were not sent. Run it again once it is corrected, or with --skip-bad FILE"
        : "those after it were not sent. Run it again";
      throw new UsageError(
        `${(badLine as Error).message} (lines before it: ${tally.fates}; ${after}: no line is stored twice)`,
      );
    }
    return tally.allStored && skipped.isEmpty ? 0 : EXIT_FAILED;
  },
});

/** Reads all lines before the first is sent, so that a bad one means that nothing was written, unless it is skipped. */
async function countWrites(path: string, fields: LineFields, skipsBad: boolean): Promise<number> {
  let count = 0;
  let skipped = 0;
  const lines = readWrites(await openLines(path), fields, (bad) => {
    if (!skipsBad) {
      throw new UsageError(`${bad.message} (no line was sent: correct it, or skip it with --skip-bad FILE)`);
    }
    skipped++;
    return Promise.resolve();
  });
  for await (const _ of lines) count++;
  if (count + skipped === 0) throw new UsageError(`--input ${path} has no lines`);
  return count;
}
