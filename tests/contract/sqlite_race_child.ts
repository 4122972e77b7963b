/**
 * A process that opens a SQLite ledger, prints an empty line, waits until its standard input ends, writes batches and
 * prints a line of JSON for each answer.
 *
 * @module
 */

import { SqliteSink } from "../../src/sinks/sqlite/sink.ts";
import { makeBatch } from "./sink_store.ts";

const [path, batchPrefix, batches, rowsPerBatch] = Deno.args;
const sink = await SqliteSink.open({ path, lockWaitMs: 30_000 });
console.log();
await Deno.stdin.readable.pipeTo(new WritableStream());
for (let round = 0; round < Number(batches); round++) {
  const ids = Array.from({ length: Number(rowsPerBatch) }, (_, index) => `${round}/${index}`);
  const outcomes = await sink.write(makeBatch(`${batchPrefix} ${round}`, ids));
  const committed = ids.filter((_, index) => outcomes[index].status === "committed");
  const duplicates = outcomes.filter(({ status }) => status === "duplicate").length;
  // Leaves a gap, so that another process gets its turn.
  await new Promise((resolve) => setTimeout(resolve));
  console.log(JSON.stringify({ round, committed, duplicates }));
}
await sink.close();
