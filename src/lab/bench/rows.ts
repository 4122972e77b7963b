/**
 * Many writers with rows, results and refusals of every size: whether each workflow task stays within the server's limits.
 *
 * @module
 */
import { activityInfo } from "@temporalio/activity";
import proto from "@temporalio/proto";
import type { Client } from "@temporalio/client";
import { type Sink, SinkError } from "../../sinks/sink.ts";
import { rounded } from "../harness/figures.ts";
import {
  type BenchContext,
  type BenchRow,
  type BenchSystemOptions,
  checkLedger,
  startBenchSystem,
  withWrite,
} from "./scenario.ts";
import { TaskMeter } from "./task_meter.ts";
import { runWriterProcesses } from "./writer_process.ts";

const DURATION_MS = 8_000;
const QUICK_DURATION_MS = 1_500;
const BYTES_PER_MB = 1_000_000;

interface RowsCase {
  readonly rowBytes: number;
  readonly writers: number;
  /** Of each writer. */
  readonly callers: number;
  readonly mode: "fast" | "rejected" | "durable" | "writersMax 20";
  readonly resultBytes?: number;
  /** `file`: stored outside of the history. */
  readonly bodies: "inline" | "file";
}

const CALLERS = 2_000;

const FAST = [
  { rowBytes: 100, callers: CALLERS },
  { rowBytes: 400, callers: CALLERS },
  { rowBytes: 4_000, callers: CALLERS },
  { rowBytes: 100_000, callers: 200 },
  { rowBytes: 900_000, callers: 20 },
  { rowBytes: 400, callers: CALLERS, resultBytes: 700 },
].map((which) => ({ ...which, writers: 6, mode: "fast" as const }));

const CASES: readonly RowsCase[] = [
  ...FAST.flatMap((which) => [{ ...which, bodies: "inline" as const }, { ...which, bodies: "file" as const }]),
  { rowBytes: 400, writers: 6, callers: CALLERS, mode: "rejected", bodies: "inline" },
  { rowBytes: 400, writers: 6, callers: CALLERS, mode: "durable", bodies: "inline" },
  { rowBytes: 80, writers: 20, callers: CALLERS, mode: "writersMax 20", bodies: "inline" },
];

/** Runs each case with workers of its own. Fails where a batcher was terminated, or a caller got less than its receipt. */
export async function* rows(context: BenchContext): AsyncGenerator<BenchRow> {
  const broken: string[] = [];
  for (const which of CASES) {
    if (context.signal.aborted) return;
    // Nobody knows the limit of Updates in flight of a server that runs already.
    if (context.address !== undefined && which.mode === "writersMax 20") continue;
    // So many large rows outlast any duration: each caller writes at least one.
    const callers = context.quick ? Math.ceil(which.callers / 10) : which.callers;
    const row = await runCase({ ...which, callers }, context);
    yield row;
    for (const what of ["terminated", "task_failures", "unknown", "false_duplicates"]) {
      if (row[what] !== 0) broken.push(`${row.row_bytes} bytes, ${row.mode}, ${row.bodies}: ${what} ${row[what]}`);
    }
  }
  if (broken.length > 0) throw new Error(`Must be 0, and is not: ${broken.join("; ")}`);
}

async function runCase(which: RowsCase, context: BenchContext): Promise<BenchRow> {
  const { rowBytes, writers, callers, mode, resultBytes = 0, bodies } = which;
  context.progress(`rows: ${rowBytes} bytes, ${writers} writers with ${callers} callers each, ${mode}, ${bodies}`);
  using meter = new TaskMeter();
  const directory = await Deno.makeTempDir({ prefix: "temporal-batcher-bodies-" });
  await using _directory = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
  const stored = bodies === "file" ? { bodyStorage: `file:${directory}` } : {};
  await using bench = await startBenchSystem(context, { ...systemOptions(which), ...stored });
  const name = bench.name("rows");
  const load = await runWriterProcesses(bench, writers, {
    name,
    batching: mode === "writersMax 20" ? { writersMax: 20 } : {},
    callers,
    rowBytes,
    durationMs: context.quick ? QUICK_DURATION_MS : DURATION_MS,
    ...stored,
  }, context);
  if (load.failed === 0) await checkLedger(bench.sink, mode === "rejected" ? 0 : load.answered);
  const runs = await countRuns(bench.system.client, name);
  return {
    scenario: "rows",
    row_bytes: rowBytes,
    result_bytes: resultBytes,
    writers,
    mode,
    bodies,
    writes_per_s: Math.round(load.answered / load.seconds),
    mb_per_s: rounded(load.answered * rowBytes / load.seconds / BYTES_PER_MB),
    terminated: runs.terminated,
    task_failures: runs.taskFailures,
    unknown: load.failed,
    false_duplicates: load.duplicates,
    task_bytes_max: meter.bytesMax,
    p99_ms: load.latencies.ms(99),
    runs: runs.all,
    ...(load.failure !== undefined && { failure: load.failure }),
  };
}

function systemOptions({ mode, resultBytes }: RowsCase): BenchSystemOptions {
  switch (mode) {
    case "rejected":
      return { wrapSink: rejecting };
    case "durable":
      return { wrapSink: onlyDurable };
    case "writersMax 20":
      return { dynamicConfig: { "history.maxInFlightUpdates": "24" } };
    case "fast":
      return resultBytes === undefined ? {} : { apply: (_tx, writes) => writes.map(() => "r".repeat(resultBytes - 2)) };
  }
}

/** A database that refuses each row, each with a message of its own. */
function rejecting(sink: Sink): Sink {
  return withWrite(sink, (batch) =>
    Promise.resolve(batch.writes.map(({ requestId }) => ({
      status: "rejected",
      errorType: "23514",
      errorMessage: `row ${requestId} violates check constraint "amount_is_positive" of table "payments": ${
        "x".repeat(100)
      }`,
    }))));
}

/** A database that is never there for the first, fast attempt. */
function onlyDurable(sink: Sink): Sink {
  return withWrite(sink, (batch) => {
    if (activityInfo().isLocal) throw new SinkError("unavailable", "no", "fast attempts are off");
    return sink.write(batch);
  });
}

const { WORKFLOW_EXECUTION_STATUS_TERMINATED, WORKFLOW_EXECUTION_STATUS_FAILED } =
  proto.temporal.api.enums.v1.WorkflowExecutionStatus;

/** Runs of batchers on this server, and what went wrong in them. */
async function countRuns(
  client: Client,
  name: string,
): Promise<{ all: number; terminated: number; taskFailures: number }> {
  const counts = { all: 0, terminated: 0, taskFailures: 0 };
  for await (
    const { workflowId, runId, status } of client.workflow.list({ query: `WorkflowId STARTS_WITH "${name}/"` })
  ) {
    counts.all++;
    if (status.code === WORKFLOW_EXECUTION_STATUS_TERMINATED || status.code === WORKFLOW_EXECUTION_STATUS_FAILED) {
      counts.terminated++;
    }
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    counts.taskFailures += events?.filter(({ workflowTaskFailedEventAttributes: failed }) => failed).length ?? 0;
  }
  return counts;
}
