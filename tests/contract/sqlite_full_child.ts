/**
 * A process that is run with a limit on the size of files, and prints as JSON how a batch over that limit fails.
 *
 * @module
 */

import { SinkError } from "../../src/sinks/sink.ts";
import { SqliteSink } from "../../src/sinks/sqlite/sink.ts";
import { makeBatch, makeIds } from "./sink_store.ts";

const sink = await SqliteSink.open({ path: Deno.args[0] });
await sink.write(makeBatch("small", ["a"]));
const failures: unknown[] = [];
for (let attempt = 0; attempt < 2; attempt++) {
  try {
    await sink.write(makeBatch("big", makeIds("x".repeat(1_000), 1_000)));
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    failures.push({ kind: error.kind, wrote: error.wrote, code: /SQLITE_\w+/.exec(error.message)?.[0] });
  }
}
const again = await sink.write(makeBatch("small again", ["a", "b"]));
console.log(JSON.stringify({ failures, again: again.map(({ status }) => status) }));
await sink.close();
