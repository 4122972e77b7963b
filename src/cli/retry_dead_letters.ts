/**
 * Writes dead letters again.
 *
 * @module
 */
import { BatchWriter } from "../client/batch_writer.ts";
import type { ConnectOptions } from "../client/connection.ts";
import { WriteError } from "../protocol/failures.ts";
import type { Json, Receipt } from "../protocol/write.ts";
import type { DeadLetter, SinkAdmin } from "../sinks/sink_admin.ts";
import { EXIT_FAILED } from "./command.ts";
import { connectOrExplain, requireWorkers } from "./server_access.ts";
import { namedQueues } from "./shared_flags.ts";
import { asciiJson, shownText } from "./shown_text.ts";

/** How many are read and written at one time. */
const PAGE = 500;

/**
 * Writes dead letters again, with their request ids, through batchers that run, and prints what becomes of each.
 *
 * @param requestIds Which; left out, all that are there when it begins.
 * @returns The exit code: 0 if all of them are committed.
 */
export async function retryDeadLetters(
  admin: SinkAdmin,
  requestIds: readonly string[] | undefined,
  { address, namespace, dataConverter, name }: ConnectOptions & { readonly name: string },
  signal: AbortSignal,
): Promise<number> {
  const ids = [...new Set(requestIds ?? await allIds(admin))];
  const { batcher, worker } = namedQueues(name);
  await using connected = await connectOrExplain(address, { namespace });
  await requireWorkers(connected.client, [batcher], `${worker} --role batcher`);
  await using writer = await BatchWriter.connect({
    address,
    namespace,
    dataConverter,
    name,
    taskQueue: batcher,
    onWarning: (message) => console.error(`Waiting: ${message}`),
  });
  const counts = { committed: 0, rejected: 0, failed: 0, unknown: 0 };
  let found = 0;
  for (let start = 0; start < ids.length && !signal.aborted; start += PAGE) {
    const letters = await admin.findDeadLetters(ids.slice(start, start + PAGE));
    found += letters.length;
    await Promise.all(letters.map(async (letter) => {
      const { outcome, line } = await retry(writer, admin, letter);
      counts[outcome]++;
      console.log(`${outcome.padEnd(9)}  ${shownText(letter.requestId)}${line}`);
    }));
  }
  const missing = ids.length - found;
  console.log(
    `${found} retried: ${counts.committed} committed, ${counts.rejected} rejected again, ${counts.failed} failed, ` +
      `${counts.unknown} unknown` +
      (missing > 0 ? `; ${missing} of the request ids ${missing === 1 ? "is" : "are"} no dead letter` : ""),
  );
  return counts.committed === ids.length ? 0 : EXIT_FAILED;
}

async function allIds(admin: SinkAdmin): Promise<string[]> {
  const ids: string[] = [];
  let page = await admin.listDeadLetters(PAGE);
  while (page.length > 0) {
    ids.push(...page.map(({ requestId }) => requestId));
    page = await admin.listDeadLetters(PAGE, page.at(-1));
  }
  return ids;
}

interface Retried {
  readonly outcome: "committed" | "rejected" | "failed" | "unknown";
  /** What else there is to say. */
  readonly line: string;
}

async function retry(writer: BatchWriter, admin: SinkAdmin, letter: DeadLetter): Promise<Retried> {
  const { requestId, partitionKey } = letter;
  let receipt: Receipt;
  try {
    const data: Json = JSON.parse(letter.data);
    receipt = await writer.write({ requestId, data, ...(partitionKey !== null && { partitionKey }) });
  } catch (error) {
    const { type, outcome } = error instanceof WriteError ? error : { type: (error as Error).name, outcome: undefined };
    return {
      outcome: outcome === "unknown" ? "unknown" : "failed",
      line: `  ${type}: ${asciiJson((error as Error).message)}`,
    };
  }
  if (receipt.status === "rejected") {
    return { outcome: "rejected", line: `  ${shownText(receipt.errorType)}  ${asciiJson(receipt.errorMessage)}` };
  }
  if (await admin.countCommittedOf([requestId]) === 0) {
    const why = "this ledger does not have it: do the running workers write to another sink?";
    return { outcome: "failed", line: `  ${receipt.status} in batch ${receipt.batchId}, but ${why}` };
  }
  // The flush that commits it clears it; one that was stored all along is a letter of the past.
  if (receipt.status === "duplicate") await admin.dropDeadLetters([requestId]);
  return { outcome: "committed", line: `  batch ${receipt.batchId}` };
}
