/**
 * Three times more than the sink takes, for a minute: what happens to memory, and to what was accepted.
 *
 * @module
 */
import { BatchWriter } from "../../client/batch_writer.ts";
import { OverloadedError } from "../../protocol/failures.ts";
import type { Sink } from "../../sinks/sink.ts";
import { pause } from "../harness/waiting.ts";
import { benchRow } from "./closed_loop.ts";
import { Latencies } from "../harness/latencies.ts";
import { type BenchContext, type BenchRow, checkLedger, startBenchSystem, withWrite } from "./scenario.ts";

const SINK_ROWS_PER_S = 2_000;
const OFFERED_ROWS_PER_S = 3 * SINK_ROWS_PER_S;
const DURATION_MS = 60_000;
/** Until caches, compiled code and heap have their size. */
const WARM_UP_MS = 15_000;
const TICK_MS = 20;
const BYTES_PER_MB = 1024 * 1024;

/** Offers rows at a fixed rate, whether or not earlier ones are answered. */
export async function* overload(context: BenchContext): AsyncGenerator<BenchRow> {
  await using bench = await startBenchSystem(context, { wrapSink: (sink) => throttled(sink, SINK_ROWS_PER_S) });
  const { writerClient: client, system } = bench;
  const writer = new BatchWriter({
    client,
    taskQueue: system.batcherTaskQueue,
    name: bench.name("overload"),
    // The default queue would hold half a minute of this load; a limit that is reached soon shows what lies beyond it.
    maxWaitingWrites: 10_000,
  });
  const counts = { offered: 0, accepted: 0, answered: 0, refused: 0, failed: 0 };
  let failure = "";
  const latencies = new Latencies();
  const pending = new Set<Promise<void>>();
  const offer = () => {
    const n = counts.offered++;
    const begunAt = performance.now();
    const write = writer.write({ requestId: `overload/${n}`, data: benchRow(n) }).then(() => {
      counts.answered++;
      latencies.addMs(performance.now() - begunAt);
    }, (error) => {
      if (error instanceof OverloadedError) counts.refused++;
      else {
        counts.failed++;
        failure ||= (error as Error).message;
      }
    }).finally(() => pending.delete(write));
    pending.add(write);
  };

  const startedAt = performance.now();
  let rssStart = 0;
  let rssMax = 0;
  while (performance.now() - startedAt < WARM_UP_MS + DURATION_MS && !context.signal.aborted) {
    const elapsedMs = performance.now() - startedAt;
    while (counts.offered < elapsedMs / 1_000 * OFFERED_ROWS_PER_S) offer();
    if (elapsedMs >= WARM_UP_MS) {
      rssStart ||= heldRss();
      rssMax = Math.max(rssMax, Deno.memoryUsage().rss);
    }
    if (counts.offered % 60_000 < OFFERED_ROWS_PER_S * TICK_MS / 1_000) {
      context.progress(
        `overload: ${Math.round(elapsedMs / 1_000)} s, ${Math.round(Deno.memoryUsage().rss / BYTES_PER_MB)} MB`,
      );
    }
    await pause(TICK_MS);
  }
  const rssEnd = heldRss();
  await Promise.all(pending);
  await writer[Symbol.asyncDispose]();
  if (context.signal.aborted) return;
  counts.accepted = counts.offered - counts.refused;
  if (counts.failed > 0) throw new Error(`${counts.failed} writes failed: ${failure}`);
  await checkLedger(bench.sink, counts.answered);
  yield {
    scenario: "overload",
    rss_mb_start: Math.round(rssStart / BYTES_PER_MB),
    rss_mb_end: Math.round(rssEnd / BYTES_PER_MB),
    rss_mb_max: Math.round(rssMax / BYTES_PER_MB),
    offered: counts.offered,
    accepted: counts.accepted,
    answered: counts.answered,
    refused: counts.refused,
    p50_ms: latencies.ms(50),
    p99_ms: latencies.ms(99),
  };
}

declare const gc: () => void;

/** What the process holds: garbage goes first, as its sawtooth of 250 MB would hide any growth. */
function heldRss(): number {
  gc();
  return Deno.memoryUsage().rss;
}

/** The same sink, but as slow as a database that suffers. */
function throttled(sink: Sink, rowsPerSecond: number): Sink {
  return withWrite(sink, async (batch) => {
    const outcomes = await sink.write(batch);
    await pause(batch.writes.length / rowsPerSecond * 1_000);
    return outcomes;
  });
}
