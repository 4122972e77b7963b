/**
 * Lines that a command keeps in a file.
 *
 * @module
 */
import { UsageError } from "./command.ts";

/** A file that lines go into, one after the other. */
export interface OutputFile extends AsyncDisposable {
  /**
   * @param line Without its line feed.
   * @throws {UsageError} If the file cannot be written, as on a full disk.
   */
  write(line: Uint8Array): Promise<void>;
}

/** How a file is opened. */
export interface OutputOptions {
  /** Files that it must not be, by their flags: they would be lost. */
  readonly others: Readonly<Record<string, string | undefined>>;
  /**
   * What to do with the lines of a file that is there.
   * @default {"replace"}
   */
  readonly present?: "replace" | "refuse";
}

/**
 * Opens the file that a flag names; without a path nothing is kept.
 *
 * @throws {UsageError} If it cannot be written, or must not be.
 */
export async function openOutput(
  flag: string,
  path: string | undefined,
  { others, present = "replace" }: OutputOptions,
): Promise<OutputFile> {
  if (path === undefined) return { write: () => Promise.resolve(), [Symbol.asyncDispose]: () => Promise.resolve() };
  for (const [other, itsPath] of Object.entries(others)) {
    if (itsPath === undefined || !await isSameFile(path, itsPath)) continue;
    throw new UsageError(`${flag} must be another file than ${other}: it would be lost`);
  }
  const refuse = (error: unknown) => new UsageError(`Cannot write ${flag} ${path}: ${(error as Error).message}`);
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { write: true, create: true, truncate: present === "replace" });
  } catch (error) {
    throw refuse(error);
  }
  if (present === "refuse" && (await file.stat()).size > 0) {
    file.close();
    throw refuse(new Error("it has lines, which would be lost: name another file, or remove it"));
  }
  let last = Promise.resolve();
  return {
    write(line) {
      const bytes = new Uint8Array(line.length + 1);
      bytes.set(line);
      bytes[line.length] = LINE_FEED;
      return last = last.then(() => writeAll(file, bytes)).catch((error) => {
        throw error instanceof UsageError ? error : refuse(error);
      });
    },
    async [Symbol.asyncDispose]() {
      await last.catch(() => {});
      file.close();
    },
  };
}

const LINE_FEED = 10;

/** Writes all bytes, or says why not: a file's stream, on Deno 2.9.6, is silent about a full disk. */
async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => Deno.realPath(path).catch(() => undefined)));
  return first !== undefined && first === second;
}
