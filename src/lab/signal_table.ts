/**
 * The table of the signal variant, opened when its first batch comes.
 *
 * @module
 */
import type { InsertRows } from "./activities/batch_write.ts";
import type { PlainTable } from "./plain_table.ts";
import type { Log } from "../worker/log.ts";

/** Opens a table on first use, so that whoever does not run the signal variant has no table of it. */
export class SignalTable implements AsyncDisposable {
  #opening: Promise<PlainTable> | undefined;

  constructor(private readonly open: () => Promise<PlainTable>, private readonly log: Log) {}

  /** Inserts a batch, and says in the log why it could not. */
  readonly insert: InsertRows = async (batchId, rows) => {
    try {
      const table = await this.#table();
      await table.write(batchId, rows);
      this.log.debug(`Signal ${batchId} of ${rows.length} requests is in ${table.description}`);
    } catch (error) {
      this.log.warn(`Signal ${batchId} of ${rows.length} requests failed: ${(error as Error).message}`);
      throw error;
    }
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#opening)?.close();
  }

  async #table(): Promise<PlainTable> {
    try {
      return await (this.#opening ??= this.open());
    } catch (error) {
      // The next batch tries again.
      this.#opening = undefined;
      throw error;
    }
  }
}
