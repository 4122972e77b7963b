/**
 * Receipts of a command's lines, kept in a file.
 *
 * @module
 */
import { UsageError } from "./command.ts";

/** Where outcomes are kept, a line of JSON for each. */
export interface ReceiptFile extends AsyncDisposable {
  keep(outcome: object): Promise<void>;
}

/** Opens the file for receipts; without a path nothing is kept. */
export async function openReceipts(path: string | undefined, input: string): Promise<ReceiptFile> {
  if (path === undefined) return { keep: () => Promise.resolve(), [Symbol.asyncDispose]: () => Promise.resolve() };
  if (await isSameFile(path, input)) {
    throw new UsageError("--receipts must be another file than --input: it would be lost");
  }
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw new UsageError(`Cannot write --receipts ${path}: ${(error as Error).message}`);
  }
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  return {
    keep: (outcome) => writer.write(encoder.encode(JSON.stringify(outcome) + "\n")),
    [Symbol.asyncDispose]: () => writer.close(),
  };
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => Deno.realPath(path).catch(() => undefined)));
  return first !== undefined && first === second;
}
