/**
 * `deno task ledger`: upkeep of the ledger.
 *
 * @module
 */
import { openSinkAdmin } from "../sinks/open_sink.ts";
import type { SinkAdmin } from "../sinks/sink_admin.ts";
import { ageMsOf } from "./age.ts";
import { main, UsageError } from "./command.ts";
import { actionOf, sinkFlag, sinkSpecOf } from "./shared_flags.ts";

const ACTIONS = ["count", "prune", "renew"] as const;

/** What pruning means, said wherever somebody is about to do it. */
const HORIZON =
  "A request id whose ledger row is gone is new again: the same write, repeated later than that, is stored twice.\n" +
  "So keep rows for longer than the oldest repeat that can still come: a workflow that is reset, a file that is read\n" +
  "again, a dead letter that is retried. And without an 'apply' that copies it the ledger row is the row: pruning\n" +
  "deletes the data.";

await main({
  usage: "deno task ledger",
  summary: "Counts the rows of the ledger, deletes old ones, or tells batchers that it was restored.\n\n" +
    "Actions:\n" +
    "  count  how many rows are there, with --older-than also how many are so old\n" +
    "  prune  delete those that are older than --older-than\n" +
    "  renew  begin a new epoch: batchers forget what they remember. Run it after a restore from a backup, or after a\n" +
    "         failover that lost the last commits, before the workers start again\n\n" +
    HORIZON,
  operands: ["ACTION"],
  flags: {
    "older-than": { type: "text", value: "AGE", help: "Age of rows, as 90m, 36h, 30d or 8w" },
    "dry-run": { type: "switch", help: "Say how many rows would go, and delete nothing" },
    yes: { type: "switch", help: "Do not ask" },
    ...sinkFlag,
  },
  examples: [
    "deno task ledger count --older-than 30d",
    "deno task ledger prune --older-than 30d --dry-run",
    "deno task ledger renew",
  ],
  async run(flags, [given]) {
    const action = actionOf(given, ACTIONS);
    const age = flags["older-than"];
    if (action === "prune" && age === undefined) {
      throw new UsageError("Say what to delete: --older-than AGE, as in 30d");
    }
    if (action !== "prune" && (flags["dry-run"] || flags.yes)) {
      throw new UsageError(`--${flags["dry-run"] ? "dry-run" : "yes"} goes with 'prune': ${action} has no such flag`);
    }
    if (action === "renew" && age !== undefined) throw new UsageError("--older-than goes with 'count' and 'prune'");
    const ageMs = age === undefined ? undefined : ageMsOf("--older-than", age);
    const admin = await openSinkAdmin(sinkSpecOf(flags.sink));
    try {
      if (action === "renew") {
        const { identity, epoch } = await admin.renew();
        console.log(`The ledger ${identity} is in epoch ${epoch} now`);
        return 0;
      }
      const total = await admin.countCommitted();
      console.log(`${total} rows in the ledger`);
      if (ageMs === undefined) return 0;
      const before = new Date(await admin.readClockMs() - ageMs).toISOString();
      const old = await admin.countCommittedBefore(before);
      console.log(`${old} of them from before ${before}`);
      if (action === "prune" && !flags["dry-run"] && old > 0) await prune(admin, before, old, flags.yes);
      return 0;
    } finally {
      await admin.close();
    }
  },
});

async function prune(admin: SinkAdmin, before: string, count: number, yes: boolean): Promise<void> {
  if (!yes) {
    if (!Deno.stdin.isTerminal()) throw new UsageError(`Nothing was deleted: add --yes to delete ${count} rows`);
    console.error(HORIZON);
    if (!confirm(`Delete ${count} rows of ${admin.description}?`)) throw new UsageError("Nothing was deleted");
  }
  console.log(`${await admin.pruneCommittedBefore(before)} rows deleted`);
}
