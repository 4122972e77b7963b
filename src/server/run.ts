/** How a command ended. */
export interface RunResult {
  success: boolean;
  /** What it wrote to its output. */
  stdout: string;
  /** Why it failed, in one line: the end of its error output, or that it was killed. Empty after success. */
  reason: string;
}

/** As whom, and where, a command is run. */
export interface RunAs {
  /** User and group to run it as; only root may choose. */
  readonly uid?: number;
  readonly gid?: number;
  /**
   * Its working directory. Another user may not be allowed to enter ours, and then the command does not even start.
   *
   * @default {ours}
   */
  readonly cwd?: string;
}

const POLL_MS = 250;

/**
 * Runs a command to its end, and kills it when it gets nowhere.
 *
 * @param command The program and its arguments.
 * @param idleMs How long it may run without progress.
 * @param progress Returns a figure that changes while the command gets on. Without it `idleMs` bounds the whole run.
 * @param as As whom to run it, and where.
 * @returns How it ended; a program that does not exist is a failure like any other.
 */
export async function runToEnd(
  [program, ...args]: string[],
  idleMs: number,
  progress: () => number = () => 0,
  as: RunAs = {},
): Promise<RunResult> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "piped", ...as }).spawn();
  } catch (error) {
    return { success: false, stdout: "", reason: error instanceof Error ? error.message : String(error) };
  }
  let isStuck = false;
  let reached = progress();
  let reachedAtMs = Date.now();
  const timer = setInterval(() => {
    const current = progress();
    if (current !== reached) reachedAtMs = Date.now();
    reached = current;
    if (isStuck || Date.now() - reachedAtMs < idleMs) return;
    isStuck = true;
    child.kill("SIGKILL");
  }, POLL_MS);
  try {
    const { success, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    const lastLine = decoder.decode(stderr).trim().split("\n").at(-1);
    const failure = isStuck ? `no progress for ${idleMs / 1000} s` : lastLine || "failed without a message";
    return { success, stdout: decoder.decode(stdout), reason: success ? "" : failure };
  } finally {
    clearInterval(timer);
  }
}
