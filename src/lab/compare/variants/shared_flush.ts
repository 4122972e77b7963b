/**
 * Group commit inside one process: what arrives while one flush runs goes into the next.
 *
 * @module
 */
import type { InsertRows } from "../../activities/batch_write.ts";
import type { StoreRow } from "../../activities/write_row.ts";
import { RowFault } from "../../../sinks/isolate.ts";
import type { PlainRow } from "../../plain_table.ts";
import type { GatherPolicy } from "../variant.ts";

interface Waiting {
  readonly row: PlainRow;
  readonly answer: PromiseWithResolvers<string>;
}

/**
 * Shares flushes between all rows that one process has at the same time. A flush takes at most `size` rows; with a window it
 * waits for that many, or for the next multiple of the window on the clock, as our own writer does.
 *
 * @returns Stores a row and answers after the flush that held it. Where the database refuses a row, the rows of that flush
 * are inserted one by one, so that it alone fails.
 */
export function shareFlushes(insert: InsertRows, { size, windowMs }: GatherPolicy): StoreRow {
  const waiting: Waiting[] = [];
  let flushing = false;
  let full = Promise.withResolvers<void>();
  let flushes = 0;

  async function gathered(): Promise<void> {
    // What arrives in the same turn of the event loop goes together.
    if (windowMs === 0) return await new Promise((resolve) => setImmediate(resolve));
    if (waiting.length >= size) return;
    full = Promise.withResolvers();
    const timer = setTimeout(full.resolve, windowMs - Date.now() % windowMs);
    await full.promise;
    clearTimeout(timer);
  }

  async function flush(batch: readonly Waiting[]): Promise<void> {
    const batchId = `${Deno.pid}/${++flushes}`;
    try {
      await insert(batchId, batch.map(({ row }) => row));
      for (const { answer } of batch) answer.resolve(batchId);
    } catch (error) {
      if (error instanceof RowFault && batch.length > 1) {
        for (const one of batch) await flush([one]);
      } else {
        for (const { answer } of batch) answer.reject(error);
      }
    }
  }

  async function flushAll(): Promise<void> {
    flushing = true;
    while (waiting.length > 0) {
      await gathered();
      await flush(waiting.splice(0, size));
    }
    flushing = false;
  }

  return (row) => {
    const answer = Promise.withResolvers<string>();
    waiting.push({ row, answer });
    if (waiting.length >= size) full.resolve();
    if (!flushing) void flushAll();
    return answer.promise;
  };
}
