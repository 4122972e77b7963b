/**
 * What a write costs when nobody else writes, beside an Update whose handler does nothing.
 *
 * @module
 */
import { build as buildHistogram } from "hdr-histogram-js";
import { randomUUID } from "node:crypto";
import { canonicalJson, writeDigest } from "../../client/canonical_json.ts";
import { BatchWriter } from "../../client/batch_writer.ts";
import { PROTOCOL_VERSION, type SubmitWritesAnswer, type SubmitWritesArgs } from "../../protocol/messages.ts";
import { SUBMIT_WRITES_UPDATE } from "../../protocol/names.ts";
import { rounded } from "../harness/figures.ts";
import { type BenchContext, type BenchRow, checkLedger, startBenchSystem, startEmptyBatcher } from "./scenario.ts";

const WARM_UP = 50;
const SAMPLES = 400;
const MICROSECONDS = 1_000;

/**
 * Times single writes and single empty Updates, one after the other and in turn, so that whatever else the machine does
 * meets both alike.
 */
export async function* floor(context: BenchContext): AsyncGenerator<BenchRow> {
  await using bench = await startBenchSystem(context);
  const { writerClient, system } = bench;
  await startEmptyBatcher(bench, bench.name("empty"));
  await using writer = new BatchWriter({
    client: writerClient,
    taskQueue: system.batcherTaskQueue,
    name: bench.name("real"),
  });
  const empty = writerClient.workflow.getHandle(bench.name("empty"));
  const row = { account: "acc-17", amount: 5, note: "one row of a bench" };
  const line = canonicalJson(row);
  const body = new TextEncoder().encode(line);

  const emptyUs = buildHistogram();
  const writeUs = buildHistogram();
  for (let i = 0; i < WARM_UP + SAMPLES; i++) {
    if (context.signal.aborted) return;
    const requestId = randomUUID();
    const header = { version: PROTOCOL_VERSION, writer: "floor", ids: [requestId], digests: writeDigest(line, null) };
    const startedAt = performance.now();
    await empty.executeUpdate<SubmitWritesAnswer, SubmitWritesArgs>(SUBMIT_WRITES_UPDATE, { args: [header, body] });
    const turnedAt = performance.now();
    await writer.write({ requestId, data: row });
    const endedAt = performance.now();
    if (i < WARM_UP) continue;
    emptyUs.recordValue(Math.round((turnedAt - startedAt) * MICROSECONDS));
    writeUs.recordValue(Math.round((endedAt - turnedAt) * MICROSECONDS));
    if (i % 100 === 0) context.progress(`floor: ${i - WARM_UP} of ${SAMPLES} pairs`);
  }
  await checkLedger(bench.sink, WARM_UP + SAMPLES);
  const emptyP50 = emptyUs.getValueAtPercentile(50) / MICROSECONDS;
  const writeP50 = writeUs.getValueAtPercentile(50) / MICROSECONDS;
  yield {
    scenario: "floor",
    empty_update_ms_p50: rounded(emptyP50),
    write_ms_p50: rounded(writeP50),
    ratio: rounded(writeP50 / emptyP50),
    write_ms_p99: rounded(writeUs.getValueAtPercentile(99) / MICROSECONDS),
    samples: SAMPLES,
  };
}
