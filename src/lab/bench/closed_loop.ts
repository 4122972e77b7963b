/**
 * Callers that each write one row, wait for its receipt, and write the next one.
 *
 * @module
 */
import type { Json, Write } from "../../protocol/write.ts";
import { inLoops } from "../harness/load.ts";
import { Latencies } from "../harness/latencies.ts";

/** A load of callers. */
export interface ClosedLoop {
  readonly callers: number;
  readonly durationMs: number;
  /** Waits of writes that begin earlier than this after the start are counted by themselves. */
  readonly warmUpMs?: number;
  /** Prefix of the request ids, another one for each load. */
  readonly prefix: string;
  readonly write: (write: Write) => Promise<unknown>;
  /**
   * Makes the data of the n-th write.
   * @default {benchRow}
   */
  readonly row?: (n: number) => Json;
  /** The pause of a caller between two writes; it is not part of any wait. */
  readonly pause?: () => Promise<unknown> | undefined;
  readonly signal?: AbortSignal;
}

/** What became of a load. */
export interface ClosedLoopResult {
  readonly answered: number;
  readonly failed: number;
  /** The first failure, for people. */
  readonly failure?: string;
  readonly seconds: number;
  readonly latencies: Latencies;
  /** Of writes that began in the warm-up. */
  readonly earlyLatencies: Latencies;
}

/** A row as a payment system has it, of about 80 bytes. */
export function benchRow(n: number): Json {
  return { account: `account-${n % 1_000}`, amount: n % 10_000, currency: "EUR", note: "a row of a bench" };
}

/** A row whose JSON has so many bytes. */
export function sizedRow(n: number, bytes: number): Json {
  const row = { n, text: "" };
  return { ...row, text: "x".repeat(Math.max(0, bytes - JSON.stringify(row).length)) };
}

/** Runs a load to its end; every write that was begun is waited for. */
export async function runClosedLoop(load: ClosedLoop): Promise<ClosedLoopResult> {
  const { row = benchRow } = load;
  const latencies = new Latencies();
  const earlyLatencies = new Latencies();
  const startedAt = performance.now();
  const measuredFrom = startedAt + (load.warmUpMs ?? 0);
  const endAt = startedAt + load.durationMs;
  let answered = 0;
  let failed = 0;
  let failure: string | undefined;
  const goesOn = () => performance.now() < endAt && !load.signal?.aborted;
  await inLoops({ callers: load.callers, goesOn }, async (n) => {
    const begunAt = performance.now();
    try {
      await load.write({ requestId: `${load.prefix}/${n}`, data: row(n) });
      answered++;
      (begunAt >= measuredFrom ? latencies : earlyLatencies).addMs(performance.now() - begunAt);
    } catch (error) {
      failed++;
      failure ??= (error as Error).message;
    }
    await load.pause?.();
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  return { answered, failed, ...(failure && { failure }), seconds, latencies, earlyLatencies };
}
