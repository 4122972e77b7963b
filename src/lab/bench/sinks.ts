/**
 * What a ledger costs: each sink beside the plain bulk insert with the same driver.
 *
 * @module
 */
import { randomInt, randomUUID } from "node:crypto";
import { canonicalJson, writeDigest } from "../../client/canonical_json.ts";
import { findPostgres, INSTALL_POSTGRES } from "../../server/postgres_binaries.ts";
import { PostgresCluster } from "../../server/postgres_cluster.ts";
import { migratePostgresSink, PostgresSink } from "../../sinks/postgres/sink.ts";
import type { Sink, SinkBatch } from "../../sinks/sink.ts";
import { SqliteSink } from "../../sinks/sqlite/sink.ts";
import { type RawInsert, rawPostgres, rawSqlite } from "./raw_insert.ts";
import { rounded } from "../harness/figures.ts";
import { type BenchContext, type BenchRow, checkLedger } from "./scenario.ts";

/** Rows of a batch, and how many batches are timed. */
const CASES = [[1, 400], [100, 200], [1_000, 80]] as const;

/** Batches that come before those that are timed. */
const WARM_UP = 10;

/** A sink and the plain table beside it. */
export interface Subject {
  readonly name: string;
  /** The address, or the folder of the files `ledger.db` and `raw.db`. */
  readonly place: string;
  readonly sink: Sink;
  readonly raw: RawInsert;
}

/**
 * Writes batches into each sink and, in turn, into a plain table, so that whatever else the machine does meets both alike.
 * Each sink has a database of its own that waits for the disk at each commit.
 */
export async function* sinks(context: BenchContext): AsyncGenerator<BenchRow> {
  for (const open of [openSqlite, openPostgres]) {
    await using stack = new AsyncDisposableStack();
    const subject = await open(stack, context);
    if (subject === undefined) continue;
    const total = { sink: 0, raw: 0 };
    for (const [rows, batches] of CASES) {
      const timed = await measure(subject, rows, batches, context);
      if (timed === undefined) return;
      total.sink += timed.rows;
      total.raw += timed.rows;
      await checkLedger(subject.sink, total.sink);
      const stored = await subject.raw.count();
      if (stored !== total.raw) {
        throw new Error(`The measurement is void: ${total.raw} rows were sent, ${stored} are there`);
      }
      const [rate, rawRate] = [timed.sinkMs, timed.rawMs].map((ms) => Math.round(rows / ms * 1_000));
      yield {
        scenario: "sinks",
        sink: subject.name,
        batch: rows,
        rows_per_s: rate,
        raw_rows_per_s: rawRate,
        ratio: rounded(timed.rawMs / timed.sinkMs),
        batches,
      };
    }
  }
}

/** The median time of a batch, in the sink and in the plain table, and how many rows went into each. */
export async function measure(
  { name, sink, raw }: Subject,
  rows: number,
  batches: number,
  context: BenchContext,
  newId: () => string = randomUUID,
) {
  const sinkMs: number[] = [];
  const rawMs: number[] = [];
  for (let i = 0; i < WARM_UP + batches; i++) {
    if (context.signal.aborted) return undefined;
    if (i % 50 === 0) context.progress(`${name}, ${rows} rows a batch, ${i} of ${WARM_UP + batches}`);
    const intoSink = makeBatch(rows, newId);
    const intoRaw = makeBatch(rows, newId);
    const timeSink = async () => {
      const took = await elapsed(() => sink.write(intoSink));
      if (i >= WARM_UP) sinkMs.push(took);
    };
    const timeRaw = async () => {
      const took = await elapsed(() => raw.insert(intoRaw));
      if (i >= WARM_UP) rawMs.push(took);
    };
    // The second sink may find the disk warm, or busy.
    for (const time of i % 2 === 0 ? [timeSink, timeRaw] : [timeRaw, timeSink]) await time();
  }
  return { sinkMs: median(sinkMs), rawMs: median(rawMs), rows: rows * (WARM_UP + batches) };
}

/** A disk that pauses now and then is charged to neither. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function makeBatch(rows: number, newId: () => string): SinkBatch {
  const batchId = randomUUID();
  const mark = randomInt(2 ** 47);
  const writes = Array.from({ length: rows }, (_, i) => {
    const data = canonicalJson({ account: `acc-${i % 100}`, amount: i, note: "one row of a bench" });
    return { requestId: newId(), digest: writeDigest(data, null), data, partitionKey: null, mark };
  });
  return { batchId, writes };
}

/** A SQLite sink and a plain table, in a folder that is removed with the stack. */
export async function openSqlite(stack: AsyncDisposableStack): Promise<Subject> {
  const folder = await Deno.makeTempDir({ prefix: "temporal-batcher-bench-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const sink = await SqliteSink.open({ path: `${folder}/ledger.db` });
  stack.defer(() => sink.close());
  return { name: "sqlite", place: folder, sink, raw: stack.use(rawSqlite(`${folder}/raw.db`)) };
}

/** A PostgreSQL sink and a plain table, on a server that ends with the stack; `undefined` where there is none. */
export async function openPostgres(stack: AsyncDisposableStack, context: BenchContext): Promise<Subject | undefined> {
  if (findPostgres() === undefined) {
    context.progress(`this machine has no PostgreSQL to measure: ${INSTALL_POSTGRES}`);
    return undefined;
  }
  const url = stack.use(await PostgresCluster.start({ fsync: true })).url();
  await migratePostgresSink({ url });
  const sink = await PostgresSink.open({ url });
  stack.defer(() => sink.close());
  return { name: "postgres", place: url, sink, raw: stack.use(await rawPostgres(url)) };
}
