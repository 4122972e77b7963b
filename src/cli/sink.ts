/**
 * `deno task sink`: the tables of a sink.
 *
 * @module
 */
import { migrateSink, openSinkAdmin } from "../sinks/open_sink.ts";
import { EXIT_FAILED, main } from "./command.ts";
import { actionOf, sinkFlag, sinkSpecOf } from "./shared_flags.ts";

const ACTIONS = ["migrate", "check"] as const;

await main({
  usage: "deno task sink",
  summary: "Looks after the tables of a sink.\n\n" +
    "Actions:\n" +
    "  migrate  create the tables, or bring them to the version that this program knows; harmless to repeat\n" +
    "  check    say whether rows can be written, and what is there",
  operands: ["ACTION"],
  flags: { ...sinkFlag },
  examples: ["SINK_URL=postgres://app:secret@db/shop deno task sink migrate", "deno task sink check"],
  async run(flags, [action]) {
    const spec = sinkSpecOf(flags.sink);
    switch (actionOf(action, ACTIONS)) {
      case "migrate": {
        const before = await migrateSink(spec);
        console.log(before === 0 ? "The tables were created." : `The tables were there, in version ${before}.`);
        return 0;
      }
      case "check":
        return await check(spec);
    }
  },
});

async function check(spec: string): Promise<number> {
  const admin = await openSinkAdmin(spec);
  try {
    const problems = await admin.check();
    console.log(`Sink:          ${admin.description}`);
    for (const problem of problems) console.log(`Problem:       ${problem}`);
    if (problems.length > 0) return EXIT_FAILED;
    console.log(`Ledger:        ${await admin.countCommitted()} rows`);
    console.log(`Dead letters:  ${await admin.countRejected()} rows`);
    console.log("Rows can be written.");
    return 0;
  } finally {
    await admin.close();
  }
}
