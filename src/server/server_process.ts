import type { RunAs } from "./run.ts";

/** How long a server may take to end after its stop signal before SIGKILL follows. */
const STOP_GRACE_MS = 5_000;
/** How much of the end of a server's error output is kept for error messages. */
const KEPT_STDERR_LINES = 20;

/** How a server is run. */
export interface ServerProcessOptions extends RunAs {
  /**
   * The signal that asks it to end.
   *
   * @default {"SIGTERM"}
   */
  readonly stopSignal?: Deno.Signal;
}

/**
 * A server that runs as our child and ends with us, however we end.
 *
 * It has a session of its own, so Ctrl-C in the terminal reaches our process alone, and workers can shut down while the
 * server still answers. That it dies with us is seen to by a shell that waits for the end of its input, a pipe that the
 * system closes when our process is gone, killed or not. Where there is no `sh` (Windows) only the `unload` event does
 * it, which a kill does not run.
 */
export class ServerProcess {
  /** Settles when the server has ended and everything that watched it is gone. */
  readonly exited: Promise<Deno.CommandStatus>;
  #child: Deno.ChildProcess;
  #stopSignal: Deno.Signal;
  #hasExited = false;
  #stderr: string[] = [];
  #stopping?: Promise<void>;

  /**
   * Starts a server.
   *
   * @param path The executable.
   * @param args Its arguments.
   * @param options As whom and where to run it, and how to end it.
   * @throws {Deno.errors.NotFound} If there is no such executable.
   */
  constructor(path: string, args: string[], { stopSignal = "SIGTERM", ...as }: ServerProcessOptions = {}) {
    const streams = { stdin: "null", stdout: "null", stderr: "piped" } as const;
    this.#child = new Deno.Command(path, { args, detached: true, ...streams, ...as }).spawn();
    this.#stopSignal = stopSignal;
    this.exited = this.#watch(startWatchdog(this.#child.pid));
  }

  /** The server's process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Whether the server has ended. */
  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** The last lines of the server's error output. */
  get stderrTail(): string {
    return this.#stderr.join("\n");
  }

  /** Ends the server by its stop signal, and by SIGKILL if it has not ended after 5 s. Can be called again. */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  /** Ends the server by this signal, whatever it leaves behind, and waits for its end. */
  async kill(signal: Deno.Signal): Promise<void> {
    this.#signal(signal);
    await this.exited;
  }

  async #stop(): Promise<void> {
    this.#signal(this.#stopSignal);
    const timer = setTimeout(() => this.#signal("SIGKILL"), STOP_GRACE_MS);
    try {
      await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  async #watch(watchdog: Watchdog | undefined): Promise<Deno.CommandStatus> {
    const onUnload = () => this.#signal("SIGKILL");
    addEventListener("unload", onUnload);
    const drained = this.#drainStderr();
    const status = await this.#child.status;
    this.#hasExited = true;
    removeEventListener("unload", onUnload);
    // At once: the system may give the pid to another process, which the watchdog must not kill.
    await watchdog?.dismiss();
    await drained;
    return status;
  }

  async #drainStderr(): Promise<void> {
    let partial = "";
    for await (const chunk of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (partial + chunk).split("\n");
      partial = lines.pop() ?? "";
      this.#stderr = [...this.#stderr, ...lines].slice(-KEPT_STDERR_LINES);
    }
    if (partial) this.#stderr.push(partial);
  }

  #signal(signal: Deno.Signal): void {
    if (this.#hasExited) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It ended a moment ago and its status has not reached us yet.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** What ends a process when ours is gone. */
export interface Watchdog {
  /** Lets the process live on, or be gone. */
  dismiss(): Promise<void>;
}

/** Starts a shell that sends `pid` a signal when our process is gone; returns nothing where there is no shell. */
export function startWatchdog(pid: number, signal: "TERM" | "KILL" = "TERM"): Watchdog | undefined {
  if (Deno.build.os === "windows") return undefined;
  const shell = new Deno.Command("sh", {
    args: ["-c", 'read -r _; kill -s "$1" "$0"', String(pid), signal],
    detached: true,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  return {
    async dismiss() {
      shell.kill("SIGKILL");
      await shell.status;
      await shell.stdin.abort().catch(() => {});
    },
  };
}
