/**
 * `deno task bodies`: upkeep of bodies that are stored outside of the history.
 *
 * @module
 */
import { FileBodyDriver } from "../bodies/file_driver.ts";
import { parseBodyStorage } from "../bodies/open_body_storage.ts";
import { sweepBodies } from "../bodies/sweep.ts";
import { LIMITS } from "../protocol/limits.ts";
import { ageMsOf } from "./age.ts";
import { main, UsageError } from "./command.ts";
import { connectOrExplain } from "./server_access.ts";
import { actionOf, bodyStorageFlag, serverFlags } from "./shared_flags.ts";

/** As the flag has it. */
const AGE_MIN = `${LIMITS.bodySweepAgeMinMs / 60_000}m`;

const ACTIONS = ["count", "sweep"] as const;

await main({
  usage: "deno task bodies",
  summary: "Counts the bodies in a folder of body storage, or removes those that no history needs.\n\n" +
    "Actions:\n" +
    "  count  how many there are, and their size\n" +
    "  sweep  remove those that are older than --older-than and that no open run can refer to; the server is asked.\n" +
    "         Bodies of closed workflows go too, and of workflows that this server does not know: be sure that it is\n" +
    "         the server of those who write, and keep bodies for as long as somebody may want to read a result.\n\n" +
    "Batcher workers sweep what batchers leave behind by themselves. For s3:// set a lifecycle rule of the bucket.",
  operands: ["ACTION"],
  flags: {
    "older-than": { type: "text", value: "AGE", help: `Age of bodies, as 90m, 36h, 30d or 8w; at least ${AGE_MIN}` },
    "dry-run": { type: "switch", help: "Say how many bodies would go, and remove nothing" },
    ...bodyStorageFlag,
    ...serverFlags,
  },
  examples: [
    "deno task bodies count --body-storage file:/mnt/shared/bodies",
    "deno task bodies sweep --older-than 7d --dry-run",
  ],
  async run(flags, [given]) {
    const action = actionOf(given, ACTIONS);
    const driver = fileDriverOf(flags["body-storage"]);
    if (action === "count") {
      let count = 0;
      let bytes = 0;
      for await (const { bodies } of driver.list()) {
        count += bodies.length;
        for (const body of bodies) bytes += body.bytes;
      }
      console.log(`${count} bodies in ${driver.folder}, ${mebibytes(bytes)}`);
      return 0;
    }
    const age = flags["older-than"];
    if (age === undefined) throw new UsageError("Say what to remove: --older-than AGE, as in 7d");
    const olderThanMs = ageMsOf("--older-than", age);
    if (olderThanMs < LIMITS.bodySweepAgeMinMs) {
      throw new UsageError(`--older-than must be at least ${AGE_MIN}: it is ${age}`);
    }
    await using connected = await connectOrExplain(flags.address, { namespace: flags.namespace });
    const dryRun = flags["dry-run"];
    const report = await sweepBodies({ driver, client: connected.client, olderThanMs, allWorkflows: true, dryRun });
    console.log(
      `${report.removed} bodies ${dryRun ? "would go" : "removed"}, ${mebibytes(report.removedBytes)}; ` +
        `${report.kept} kept, ${mebibytes(report.keptBytes)}`,
    );
    return 0;
  },
});

function fileDriverOf(given: string | undefined): FileBodyDriver {
  const address = given ?? (Deno.env.get("BODY_STORAGE") || undefined);
  if (address === undefined) throw new UsageError("Say where the bodies are: --body-storage file:DIR, or BODY_STORAGE");
  let parsed: ReturnType<typeof parseBodyStorage>;
  try {
    parsed = parseBodyStorage(address);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (parsed.kind === "file") return new FileBodyDriver(parsed.folder);
  throw new UsageError("Bodies in s3:// are not swept: set a lifecycle rule of the bucket");
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
