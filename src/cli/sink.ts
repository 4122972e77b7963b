/**
 * `deno task sink`: the tables of a sink.
 *
 * @module
 */
import { loadConnectConfig } from "../client/connection.ts";
import { migrateSink, openSinkAdmin, parseSinkSpec } from "../sinks/open_sink.ts";
import { EXIT_FAILED, main, UsageError } from "./command.ts";
import { actionOf, addressFlag, sinkFlag, sinkSpecOf } from "./shared_flags.ts";

const ACTIONS = ["migrate", "check"] as const;

const OLD_WORKERS = "Workers of an earlier version cannot use them: stop those that still run, and start new ones.";

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/;

await main({
  usage: "deno task sink",
  summary: "Looks after the tables of a sink.\n\n" +
    "Actions:\n" +
    "  migrate  create the tables, or bring them to the version that this program knows; harmless to repeat.\n" +
    "           Stop the workers of an earlier version before: they cannot use the new tables\n" +
    "  check    say whether rows can be written, and what is there\n\n" +
    "A ledger keeps the name of the effect ('apply' and 'applyName' of a program's sink) that its rows go through, and\n" +
    "refuses workers with another one or none. Change it on purpose only, while no worker runs.",
  operands: ["ACTION"],
  flags: {
    "apply-name": { type: "text", value: "NAME", help: "With migrate: the rows go through this effect from now on" },
    "no-apply": { type: "switch", help: "With migrate: the rows go through no effect from now on" },
    ...sinkFlag,
    ...addressFlag,
  },
  examples: ["SINK_URL=postgres://app:secret@db/shop deno task sink migrate", "deno task sink check"],
  async run(flags, [action]) {
    const spec = sinkSpecOf(flags.sink);
    const name = flags["apply-name"];
    if (name !== undefined && flags["no-apply"]) throw new UsageError("--apply-name and --no-apply exclude each other");
    const applyName = flags["no-apply"] ? null : name;
    switch (actionOf(action, ACTIONS)) {
      case "migrate": {
        const { before, now } = await migrateSink(spec, applyName);
        if (before === 0) console.log(`What was missing was created: the tables are of version ${now}.`);
        else if (before === now) console.log(`The tables were there, in version ${now}.`);
        else {
          console.log(`The tables were brought from version ${before} to version ${now}.`);
          console.log(OLD_WORKERS);
        }
        if (applyName === null) console.log("Its rows go through no effect.");
        else if (applyName !== undefined) console.log(`Its rows go through the effect ${JSON.stringify(applyName)}.`);
        return 0;
      }
      case "check":
        if (applyName !== undefined) throw new UsageError("--apply-name and --no-apply go with 'migrate'");
        return await check(spec, flags.address);
    }
  },
});

async function check(spec: string, address: string | undefined): Promise<number> {
  const admin = await openSinkAdmin(spec);
  try {
    const { problems, notes } = await admin.check();
    console.log(`Sink:          ${admin.description}`);
    for (const problem of problems) console.log(`Problem:       ${problem}`);
    if (problems.length > 0) return EXIT_FAILED;
    const { identity, epoch } = await admin.identify();
    const effect = await admin.readApplyName();
    console.log(`Ledger:        ${identity}, epoch ${epoch}`);
    console.log(`Effect:        ${effect === null ? "none" : JSON.stringify(effect)}`);
    console.log(`Rows:          ${await admin.countCommitted()}`);
    console.log(`Dead letters:  ${await admin.countRejected()} rows`);
    for (const note of notes) console.log(`Note:          ${note}`);
    const shared = sharedServer(address);
    if (parseSinkSpec(spec).kind === "sqlite" && shared !== undefined) {
      console.log(
        `Warning:       the server ${shared} may be shared, and this file is on one machine: workers on another one ` +
          "would have another ledger, and exactly-once would end. Use PostgreSQL there.",
      );
    }
    console.log("Rows can be written.");
    return 0;
  } finally {
    await admin.close();
  }
}

/** The address of the server, unless it is of this machine. */
function sharedServer(address: string | undefined): string | undefined {
  const { connection } = loadConnectConfig({ address });
  return connection.address === undefined || LOOPBACK.test(connection.address) ? undefined : connection.address;
}
