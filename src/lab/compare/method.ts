/**
 * How a comparison is made, and what it leaves out, in words.
 *
 * @module
 */
import type { ComparisonOptions } from "./comparison.ts";
import type { PlannedLoad } from "./load_plan.ts";
import type { LoadShape } from "./load_shape.ts";

/** A sentence or two for each thing that a reader would ask, and what each variant adds. */
export function methodOf({ plan, variants }: ComparisonOptions): string[] {
  const { loads, warmUp, historiesMax, window, scaling } = plan;
  return [
    "Every variant has the same server, the same kind of database, a SQLite file of its own that is on the disk after each " +
    "commit, and one worker process with callers, batcher and database connection. The load comes from another process.",
    "A caller is a workflow that writes one row and does nothing else. Which variant runs is its only difference.",
    "The variants take turns: in each round every one has the load once, in another order each round. " +
    `Before that each is warmed up with ${shown(warmUp)}, which is not counted.`,
    `idle: ${planned(loads.idle)}, without a pause. sparse: ${planned(loads.sparse)}. ` +
    `steady: ${planned(loads.steady)}. burst: ${planned(loads.burst)}.`,
    "idle and sparse differ for a reason: a Temporal server looks at the queue of tasks of each of its shards 20 times a " +
    "second at most, and a dev server has one shard. Callers without a pause use that up: each step that goes through " +
    "that queue then takes 50 ms. With pauses fewer of these steps have to wait. Many shards share such a load, but one " +
    "batcher is on one shard.",
    `trickle: ${planned(loads.trickle)}; every variant that gathers holds writes for ${
      seconds(window.windowMs)
    } or until ` +
    `it has ${window.size}. In all other loads a write waits for nothing but a flush that runs.`,
    `clients: ${planned(loads.clients)}; the writers are not workflows but run in the process that makes the load.`,
    "A wait is what the caller's workflow says of it, by the workflow's own clock. That clock is not the same for all: where " +
    "the answer makes a new task, the wait ends at the server's time of it. The wait of a writer that is not a workflow is " +
    "taken around its call.",
    "A call is the whole call by the clock of who makes the load, from the request to start the caller to its result: one " +
    "clock for all, with the start of the caller's workflow in it. Compare that first.",
    "In a closed loop the calls that all began together at its start are not counted, and writes/s are those up to the " +
    "moment from which nobody called again.",
    "A statement is a transaction that was committed: with a database server it would be one statement, and SQLite waits " +
    "for the disk once in each. They are counted where the SQL runs.",
    `Events, bytes and actions are counted in the histories: of the batchers all that was added in a round, of the callers ` +
    `those of ${historiesMax} in each round, spread evenly over it.`,
    "CPU seconds are those of the worker process, of all its threads; server and load have processes of their own.",
    'After each load the database is asked for the row of every caller that was told "done". If one is not there exactly ' +
    "once, the comparison ends with an error.",
    "Faults: 20 to 100 writes each, with a batch of 50 and a window of 1 or 4 s, other than in the loads; several faults run " +
    "side by side, and some shorten how long callers wait.",
    'What counts as "failed": a caller whose call ends in an error, also in that of a timeout, unless the error says in so ' +
    "many words that the outcome is unknown and that the same request again is safe; then it is sent again, and has to end " +
    "as that says. Whoever reads every timeout as unknown counts no phantoms of the others either.",
    `More worker processes: ${shown(scaling.shape)} in all, on ${
      scaling.processes.join(", ")
    } worker processes that run ` +
    "callers.",
    ...variants.flatMap(({ name, method }) => method.map((note) => `${name}: ${note}`)),
  ];
}

/** What a reader must not conclude from a report. */
export const NOT_MEASURED: readonly string[] = [
  "Real networks: server, workers, database and load are on one machine and share its processors, so that figures of two " +
  "machines cannot be compared, and the server is the limit of most loads. Ratios within one report can.",
  "A database server: SQLite takes one writer at a time and has no network. With a server, a statement costs a round " +
  "trip, a connection costs memory there, and several writers work at the same time. Connections are one for each process " +
  "that writes, by construction; with PostgreSQL this project's sink opens two.",
  "Temporal Cloud's bill: actions are counted by its published rules from what histories show. A rejected Update, a query " +
  "and storage are not in them.",
  "The server's own CPU time and storage.",
  "Callers' own work: a real workflow does more than one write, and the difference in its duration is smaller by that much.",
];

function planned({ shape, rounds }: PlannedLoad): string {
  return `${shown(shape)}, ${rounds === 1 ? "one round" : `${rounds} rounds`}`;
}

function shown(shape: LoadShape): string {
  switch (shape.kind) {
    case "closed":
      return `${shape.callers} callers in a closed loop for ${seconds(shape.durationMs)}`;
    case "one by one":
      return `${shape.calls} callers one after the other`;
    case "at once":
      return `${shape.calls} callers at once`;
    case "open":
      return `${1_000 / shape.everyMs} callers a second for ${seconds(shape.durationMs)}`;
  }
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
