/**
 * `deno task dead-letters`: rows that the database refused.
 *
 * @module
 */
import { openSinkAdmin } from "../sinks/open_sink.ts";
import type { DeadLetter, SinkAdmin } from "../sinks/sink_admin.ts";
import { EXIT_FAILED, main, UsageError } from "./command.ts";
import { retryDeadLetters } from "./retry_dead_letters.ts";
import {
  actionOf,
  bodyStorageFlag,
  dataConverterOf,
  nameFlag,
  serverFlags,
  sinkFlag,
  sinkSpecOf,
} from "./shared_flags.ts";
import { asciiJson, asciiJsonWithData, shownText } from "./shown_text.ts";

const ACTIONS = ["list", "show", "retry", "drop"] as const;

await main({
  usage: "deno task dead-letters",
  summary: "Looks after the rows that the database, or 'apply', refused. They are not in the ledger.\n\n" +
    "Actions:\n" +
    "  list            the oldest ones, a line each\n" +
    "  show ID…        all there is about some, as JSON, a line each\n" +
    "  retry ID…       write them again with their request ids, through running batcher workers; each ends as\n" +
    "                  committed, and leaves the dead letters, or as rejected again\n" +
    "  drop ID…        forget some: their rows are lost",
  operands: ["ACTION", "[ID…]"],
  flags: {
    limit: { type: "number", min: 1, max: 100_000, default: 50, help: "How many to list" },
    json: { type: "switch", help: "List as JSON, a line each" },
    all: { type: "switch", help: "Retry all that are there now" },
    ...sinkFlag,
    ...bodyStorageFlag,
    ...nameFlag,
    ...serverFlags,
  },
  examples: [
    "deno task dead-letters list",
    "deno task dead-letters retry order-17",
    "deno task dead-letters retry --all",
  ],
  async run(flags, [given, ...ids], signal) {
    const action = actionOf(given, ACTIONS);
    if (action === "list" && ids.length > 0) throw new UsageError(`Unexpected argument ${ids[0]}`);
    if (action !== "list" && !flags.all && ids.length === 0) throw new UsageError("Missing argument ID");
    if (flags.all && (action !== "retry" || ids.length > 0)) {
      throw new UsageError("--all goes with 'retry' alone, without request ids");
    }
    const admin = await openSinkAdmin(sinkSpecOf(flags.sink));
    try {
      switch (action) {
        case "list":
          return await list(admin, flags.limit, flags.json);
        case "show":
          return await show(admin, ids);
        case "retry":
          return await retryDeadLetters(admin, flags.all ? undefined : ids, {
            address: flags.address,
            namespace: flags.namespace,
            name: flags.name,
            dataConverter: await dataConverterOf(flags["body-storage"]),
          }, signal);
        case "drop":
          return await drop(admin, ids);
      }
    } finally {
      await admin.close();
    }
  },
});

async function list(admin: SinkAdmin, limit: number, json: boolean): Promise<number> {
  const letters = await admin.listDeadLetters(limit);
  for (const letter of letters) console.log(json ? jsonOf(letter) : lineOf(letter));
  const total = await admin.countRejected();
  if (!json) {
    console.error(`${total} dead letters${total > letters.length ? `, the oldest ${letters.length} shown` : ""}`);
  }
  return 0;
}

function jsonOf({ data, ...letter }: DeadLetter): string {
  return asciiJsonWithData(letter, data);
}

function lineOf({ rejectedAt, errorType, requestId, errorMessage }: DeadLetter): string {
  return `${rejectedAt}  ${shownText(errorType)}  ${shownText(requestId)}  ${asciiJson(errorMessage)}`;
}

async function show(admin: SinkAdmin, ids: readonly string[]): Promise<number> {
  const letters = await admin.findDeadLetters(ids);
  for (const letter of letters) console.log(jsonOf(letter));
  return sayMissing(ids, letters);
}

async function drop(admin: SinkAdmin, ids: readonly string[]): Promise<number> {
  const letters = await admin.findDeadLetters(ids);
  console.log(`${await admin.dropDeadLetters(ids)} dropped`);
  return sayMissing(ids, letters);
}

function sayMissing(ids: readonly string[], letters: readonly DeadLetter[]): number {
  const found = new Set(letters.map(({ requestId }) => requestId));
  const missing = ids.filter((id) => !found.has(id));
  for (const id of missing) console.error(`No dead letter has the request id ${shownText(id)}`);
  return missing.length === 0 ? 0 : EXIT_FAILED;
}
