/**
 * Receipts of a command's lines, kept in a file.
 *
 * @module
 */
import { UsageError } from "./command.ts";

/** Where outcomes are kept, a line of JSON for each. */
export interface ReceiptFile extends AsyncDisposable {
  /** @throws {UsageError} If the file cannot be written, as on a full disk. */
  keep(outcome: object): Promise<void>;
}

/** Opens the file for receipts; without a path nothing is kept. */
export async function openReceipts(path: string | undefined, input: string): Promise<ReceiptFile> {
  if (path === undefined) return { keep: () => Promise.resolve(), [Symbol.asyncDispose]: () => Promise.resolve() };
  if (await isSameFile(path, input)) {
    throw new UsageError("--receipts must be another file than --input: it would be lost");
  }
  const refuse = (error: unknown) => new UsageError(`Cannot write --receipts ${path}: ${(error as Error).message}`);
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw refuse(error);
  }
  const encoder = new TextEncoder();
  let last = Promise.resolve();
  return {
    keep(outcome) {
      const line = encoder.encode(JSON.stringify(outcome) + "\n");
      return last = last.then(() => writeAll(file, line)).catch((error) => {
        throw error instanceof UsageError ? error : refuse(error);
      });
    },
    async [Symbol.asyncDispose]() {
      await last.catch(() => {});
      file.close();
    },
  };
}

/** Writes all bytes, or says why not: a file's stream, on Deno 2.9.6, is silent about a full disk. */
async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => Deno.realPath(path).catch(() => undefined)));
  return first !== undefined && first === second;
}
