/**
 * What a flush costs as the ledger grows, for ids in random order and for ids that begin with the time.
 *
 * @module
 */
import { randomBytes, randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import postgres from "postgres";
import { rounded } from "../harness/figures.ts";
import { checkLedger } from "./scenario.ts";
import type { BenchContext, BenchRow } from "./scenario.ts";
import { measure, openPostgres, openSqlite, type Subject } from "./sinks.ts";

/** Rows of the largest ledger, by default. */
export const GROWTH_ROWS = 5_000_000;

/** Rows of a batch, and how many batches are timed for each size. */
const BATCH_ROWS = 1_000;
const BATCHES = 40;

/** Sizes, as parts of the largest one. */
const PARTS = [0, 0.1, 1] as const;

/** Rows that one statement of the filling makes. */
const FILL_ROWS = 100_000;

/** The filled rows are from that long before now up to now, in milliseconds. */
const PAST_MS = 2_592_000_000;

const IDS = { random: () => randomUUID(), time_ordered: timeOrderedId } as const;

/** Fills both tables of a subject past the sink. */
interface Filled extends Subject {
  /** Makes the rows `from` up to, not including, `to` of `total`, in the ledger and in the plain table. */
  fill(from: number, to: number, total: number): Promise<void>;
  /** Brings what the filling has left behind to an end. */
  settle(): Promise<void>;
  /** Counts the hundredth of the ledger that is the oldest. */
  countOld(): Promise<unknown>;
}

/** Lets a ledger and a plain table with a primary key grow alike, and times batches into each, in turn. */
export async function* growth(context: BenchContext): AsyncGenerator<BenchRow> {
  const total = context.rows ?? GROWTH_ROWS;
  for (const open of [growPostgres, growSqlite]) {
    for (const ids of ["random", "time_ordered"] as const) {
      await using stack = new AsyncDisposableStack();
      const subject = await open(stack, context, ids);
      if (subject === undefined) continue;
      let written = 0;
      let filled = 0;
      for (const part of PARTS) {
        const size = Math.round(total * part);
        for (; filled < size && !context.signal.aborted; filled = Math.min(size, filled + FILL_ROWS)) {
          context.progress(`growth: ${subject.name}, ${ids} ids, ${filled} of ${total} rows`);
          await subject.fill(filled, Math.min(size, filled + FILL_ROWS), total);
        }
        if (context.signal.aborted) return;
        await subject.settle();
        const timed = await measure(subject, BATCH_ROWS, BATCHES, context, IDS[ids]);
        if (timed === undefined) return;
        written += timed.rows;
        await checkLedger(subject.sink, filled + written);
        const startedAt = performance.now();
        await subject.countOld();
        yield {
          scenario: "growth",
          sink: subject.name,
          ids,
          rows: size,
          flush_ms: rounded(timed.sinkMs),
          plain_ms: rounded(timed.rawMs),
          ratio: rounded(timed.rawMs / timed.sinkMs),
          count_old_ms: rounded(performance.now() - startedAt),
        };
      }
    }
  }
}

/** An id in the form of a UUID of version 7: a time in milliseconds, then chance. */
function timeOrderedId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  const chance = randomBytes(10).toString("hex");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${chance.slice(0, 3)}-${chance.slice(3, 7)}-${chance.slice(7, 19)}`;
}

type Ids = keyof typeof IDS;

async function growPostgres(
  stack: AsyncDisposableStack,
  context: BenchContext,
  ids: Ids,
): Promise<Filled | undefined> {
  const subject = await openPostgres(stack, context);
  if (subject === undefined) return undefined;
  const sql = postgres(subject.place, { max: 1, onnotice: () => {} });
  stack.defer(() => sql.end());
  const time = "lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')";
  const id = ids === "random"
    ? "gen_random_uuid()::text"
    : `substr(${time}, 1, 8) || '-' || substr(${time}, 9) || '-7' || substr(gen_random_uuid()::text, 16)`;
  const columns = "request_id, digest, data, batch_id, batch_position, committed_at";
  const startAt = Date.now() - PAST_MS;
  return {
    ...subject,
    async fill(from, to, total) {
      for (const table of ["batched_writes", "raw_writes"]) {
        await sql.unsafe(`INSERT INTO ${table} (${columns})
          SELECT ${id}, repeat('d', 22), json_build_object('account', n % 100, 'amount', n, 'note', 'one row of a bench'),
            'batch-' || n / 1000, n % 1000, at
          FROM (SELECT n, to_timestamp((${startAt} + n::float8 * ${PAST_MS / total}) / 1000.0) AS at
            FROM generate_series(${from}, ${to - 1}) AS n) AS rows`);
      }
    },
    async settle() {
      for (const table of ["batched_writes", "raw_writes"]) await sql.unsafe(`VACUUM ANALYZE ${table}`);
      await sql.unsafe("CHECKPOINT");
    },
    countOld: () =>
      sql.unsafe(`SELECT count(*) FROM batched_writes
        WHERE committed_at < to_timestamp(${(startAt + PAST_MS / 100) / 1_000})`),
  };
}

async function growSqlite(stack: AsyncDisposableStack, _context: BenchContext, ids: Ids): Promise<Filled> {
  const subject = await openSqlite(stack);
  const time = "printf('%012x', at)";
  const hex = (bytes: number) => `lower(hex(randomblob(${bytes})))`;
  const head = ids === "random"
    ? `${hex(4)} || '-' || ${hex(2)}`
    : `substr(${time}, 1, 8) || '-' || substr(${time}, 9)`;
  const id = `${head} || '-7' || substr(${hex(2)}, 2) || '-' || ${hex(2)} || '-' || ${hex(6)}`;
  const startAt = Date.now() - PAST_MS;
  const tables = [["ledger.db", "batched_writes"], ["raw.db", "raw_writes"]] as const;
  const each = (work: (database: DatabaseSync, table: string) => void) => {
    for (const [file, table] of tables) {
      const database = new DatabaseSync(`${subject.place}/${file}`);
      for (const pragma of ["synchronous = OFF", "cache_size = -262144"]) database.exec(`PRAGMA ${pragma}`);
      work(database, table);
      database.close();
    }
    return Promise.resolve();
  };
  const iso = (at: string) => `strftime('%Y-%m-%dT%H:%M:%fZ', ${at} / 1000.0, 'unixepoch')`;
  return {
    ...subject,
    fill: (from, to, total) =>
      each((database, table) =>
        database.exec(`WITH RECURSIVE n (n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM n WHERE n < ${to - 1}),
          rows AS (SELECT n, ${startAt} + n * ${Math.floor(PAST_MS / total)} AS at FROM n)
          INSERT INTO ${table} (request_id, digest, data, batch_id, committed_at)
          SELECT ${id}, 'dddddddddddddddddddddd', '{"account":' || n % 100 || ',"amount":' || n ||
            ',"note":"one row of a bench"}', 'batch-' || n / 1000, ${iso("at")} FROM rows`)
      ),
    settle: () => each((database) => database.exec("PRAGMA wal_checkpoint(TRUNCATE)")),
    countOld: () =>
      each((database, table) => {
        if (table !== "batched_writes") return;
        database.prepare(`SELECT count(*) FROM ${table} WHERE committed_at < ${iso(`${startAt + PAST_MS / 100}`)}`)
          .get();
      }),
  };
}
