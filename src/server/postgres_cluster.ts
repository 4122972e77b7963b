/**
 * A throw-away PostgreSQL server from the machine's own binaries, for tests and measurements.
 *
 * @module
 */
import { findPostgres, ownerOfCluster, type PostgresBinaries } from "./postgres_binaries.ts";
import { freePort, LOOPBACK } from "./probe.ts";
import { type RunAs, runToEnd } from "./run.ts";
import { ServerProcess } from "./server_process.ts";

/** Name of the superuser and of its database. */
const SUPERUSER = "postgres";

/** Where every user may have a folder. */
const SHARED_TEMP_DIR = "/tmp";

/** Bounds of waiting. */
const INITDB_IDLE_MS = 60_000;
const COPY_IDLE_MS = 60_000;
const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 50;

/** How often to try again when another process takes the free port before the server has it. */
const START_ATTEMPTS = 3;

/** How a cluster is made. */
export interface PostgresClusterOptions {
  /**
   * Whether a commit waits for the disk. Off survives a crash of the server, though not of the machine.
   *
   * @default {false}
   */
  readonly fsync?: boolean;
  /** Lines of `pg_hba.conf` that come before the one that trusts everybody on this machine. */
  readonly hba?: readonly string[];
  /** Settings of the server. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A server on the loopback interface, in a folder of its own, that trusts whoever connects from this machine. */
export class PostgresCluster implements AsyncDisposable {
  #server: ServerProcess | undefined;

  private constructor(
    private readonly binaries: PostgresBinaries,
    private readonly folder: string,
    private readonly settings: Readonly<Record<string, string>>,
    readonly port: number,
  ) {}

  /**
   * Makes a cluster and starts its server.
   *
   * @throws {Error} If the machine has no PostgreSQL, or it does not start.
   */
  static async start(options: PostgresClusterOptions = {}): Promise<PostgresCluster> {
    const binaries = findPostgres();
    if (binaries === undefined) throw new Error("Cannot start PostgreSQL as this machine has none: install it");
    for (let attempt = 1;; attempt++) {
      try {
        return await PostgresCluster.#startOnce(binaries, options);
      } catch (error) {
        if (attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Starts a standby of this server, on a port of its own.
   *
   * @throws {Error} If the copy cannot be made, or does not start.
   */
  async startStandby(): Promise<PostgresCluster> {
    const standby = new PostgresCluster(this.binaries, await makeServerFolder(), this.settings, freePort());
    try {
      const from = ["-h", LOOPBACK, "-p", `${this.port}`, "-U", SUPERUSER];
      const args = ["-D", standby.#data, ...from, "-c", "fast", "--write-recovery-conf", "--no-sync"];
      const { success, reason } = await runToEnd(
        [this.binaries.baseBackup, ...args],
        COPY_IDLE_MS,
        undefined,
        standby.#runAs,
      );
      if (!success) throw new Error(`Cannot copy a PostgreSQL cluster: ${reason}`);
      await standby.restart();
      return standby;
    } catch (error) {
      await standby[Symbol.asyncDispose]();
      throw error;
    }
  }

  static async #startOnce(binaries: PostgresBinaries, options: PostgresClusterOptions): Promise<PostgresCluster> {
    const { fsync = false, hba = [], settings = {} } = options;
    const all = { fsync: fsync ? "on" : "off", ...settings };
    const cluster = new PostgresCluster(binaries, await makeServerFolder(), all, freePort());
    try {
      const args = ["-D", cluster.#data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
      const { success, reason } = await runToEnd([binaries.initdb, ...args], INITDB_IDLE_MS, undefined, cluster.#runAs);
      if (!success) throw new Error(`Cannot make a PostgreSQL cluster: ${reason}`);
      const rules = [...hba, ...["all", "replication"].map((what) => `host ${what} all ${LOOPBACK}/32 trust`), ""];
      await Deno.writeTextFile(`${cluster.#data}/pg_hba.conf`, rules.join("\n"));
      await cluster.restart();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The address of a database on it. */
  url(database: string = SUPERUSER, user: string = SUPERUSER): string {
    return `postgres://${user}@${LOOPBACK}:${this.port}/${database}`;
  }

  get #data(): string {
    return `${this.folder}/data`;
  }

  get #runAs(): RunAs {
    return { ...ownerOfCluster(), cwd: this.folder };
  }

  /** Starts the server again, at the same address, after {@linkcode crash}. */
  async restart(): Promise<void> {
    const settings = {
      listen_addresses: LOOPBACK,
      port: `${this.port}`,
      unix_socket_directories: "",
      ...this.settings,
    };
    const args = ["-D", this.#data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
    // SIGINT does not wait for clients to hang up.
    this.#server = new ServerProcess(this.binaries.postgres, args, { ...this.#runAs, stopSignal: "SIGINT" });
    await this.#untilReady(this.#server);
  }

  async #untilReady(server: ServerProcess): Promise<void> {
    const deadlineMs = Date.now() + READY_TIMEOUT_MS;
    const args = ["-q", "-h", LOOPBACK, "-p", `${this.port}`];
    while (Date.now() < deadlineMs && !server.hasExited) {
      const { success } = await runToEnd([this.binaries.isReady, ...args], READY_POLL_MS * 100);
      // Else another server has answered, which took the port in the meantime.
      if (success && !server.hasExited) return;
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
    await server.stop();
    throw new Error(`Cannot start PostgreSQL on port ${this.port}: ${server.stderrTail}`);
  }

  /** Ends the server at once, as `pg_ctl stop -m immediate` does: no connection is told what became of its commit. */
  async crash(): Promise<void> {
    await this.#server?.kill("SIGQUIT");
  }

  /** Ends the server and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Makes a folder for a server that {@linkcode ownerOfCluster} runs. */
export async function makeServerFolder(): Promise<string> {
  const owner = ownerOfCluster();
  // TMPDIR may be a folder for us alone.
  const dir = owner && SHARED_TEMP_DIR;
  const folder = await Deno.makeTempDir({ prefix: "temporal-batcher-postgres-", ...(dir && { dir }) });
  if (owner !== undefined) await Deno.chown(folder, owner.uid, owner.gid);
  return folder;
}
