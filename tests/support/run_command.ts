/**
 * Runs a command of this project as a user does.
 *
 * @module
 */
import { Child } from "../../src/lab/harness/child.ts";

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
export function spawnCommand(name: string, args: readonly string[], { env, detached }: RunOptions = {}): Child {
  const none = { NO_COLOR: "1", TEMPORAL_ADDRESS: "", TEMPORAL_NAMESPACE: "", SINK_URL: "", BODY_STORAGE: "" };
  return Child.run(new URL(`../../src/cli/${name}.ts`, import.meta.url), args, { env: { ...none, ...env }, detached });
}

/** Runs `src/cli/<name>.ts` to its end. */
export async function runCommand(
  name: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  await using child = spawnCommand(name, args, options);
  // A command that refuses its flags does not wait for its input.
  await child.send(options.stdin ?? "");
  await child.endInput();
  const code = await child.ended();
  const { stdout, stderr } = child.output;
  return { code, stdout, stderr };
}
