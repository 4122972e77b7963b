/**
 * Runs a command of this project as a user does.
 *
 * @module
 */

/** Every command of this project that has flags of its own. */
export const COMMANDS = [
  "demo",
  "server",
  "worker",
  "start",
  "write",
  "batcher",
  "bench",
  "compare",
  "sink",
  "dead-letters",
  "ledger",
  "bodies",
] as const;

/** What a command did. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Record<string, string>;
  /** Gives it a process group of its own, so that a signal can reach all of it as a terminal's Ctrl-C does. */
  readonly detached?: boolean;
}

/** Starts `src/cli/<name>.ts`, without the settings of the person who runs the tests. */
export function spawnCommand(
  name: string,
  args: readonly string[],
  { env = {}, detached = false }: RunOptions = {},
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `src/cli/${name}.ts`, ...args],
    env: { NO_COLOR: "1", TEMPORAL_ADDRESS: "", TEMPORAL_NAMESPACE: "", SINK_URL: "", BODY_STORAGE: "", ...env },
    detached,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs `src/cli/<name>.ts` to its end. */
export async function runCommand(
  name: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const child = spawnCommand(name, args, options);
  const writer = child.stdin.getWriter();
  // A command that refuses its flags does not wait for its input.
  await writer.write(new TextEncoder().encode(options.stdin ?? "")).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
