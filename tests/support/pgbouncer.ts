/**
 * PgBouncer in front of a PostgreSQL server, with its default settings.
 *
 * @module
 */
import { ownerOfCluster } from "../../src/server/postgres_binaries.ts";
import { makeServerFolder, type PostgresCluster } from "../../src/server/postgres_cluster.ts";
import { freePort, isListening, LOOPBACK } from "../../src/server/probe.ts";
import { ServerProcess } from "../../src/server/server_process.ts";
import { eventually } from "./eventually.ts";

/** What to do where there is none. */
export const INSTALL_PGBOUNCER = "install PgBouncer, on Debian: apt-get install pgbouncer";

/** When PgBouncer takes a connection to the server back from a client. */
export type PoolMode = "session" | "transaction" | "statement";

/** Finds PgBouncer: Debian has it where a user's PATH does not lead. */
export function findPgbouncer(): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin"].filter((folder) => folder !== "");
  return folders.map((folder) => `${folder}/pgbouncer`).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** A pooler on the loopback interface. */
export class Pgbouncer implements AsyncDisposable {
  private constructor(
    private readonly server: ServerProcess,
    private readonly folder: string,
    private readonly port: number,
  ) {}

  /** Starts one, which uses its connections in turn, so that two transactions in a row seldom meet the same. */
  static async start(cluster: PostgresCluster, mode: PoolMode): Promise<Pgbouncer> {
    const path = findPgbouncer();
    if (path === undefined) throw new Error("Cannot start PgBouncer as this machine has none: install it");
    const folder = await makeServerFolder();
    const port = freePort();
    await Deno.writeTextFile(`${folder}/users.txt`, '"postgres" ""\n');
    await Deno.writeTextFile(
      `${folder}/pgbouncer.ini`,
      `[databases]
* = host=${LOOPBACK} port=${cluster.port}
[pgbouncer]
listen_addr = ${LOOPBACK}
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${folder}/users.txt
pool_mode = ${mode}
server_round_robin = 1
min_pool_size = 3
`,
    );
    const as = { ...ownerOfCluster(), cwd: folder };
    const server = new ServerProcess(path, ["-q", `${folder}/pgbouncer.ini`], as);
    const pgbouncer = new Pgbouncer(server, folder, port);
    try {
      await eventually("PgBouncer listens", async () => {
        if (server.hasExited) throw new Error(server.stderrTail);
        return await isListening(port);
      });
      return pgbouncer;
    } catch (error) {
      await pgbouncer[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The address of the server's database, through the pooler. */
  get url(): string {
    return `postgres://postgres@${LOOPBACK}:${this.port}/postgres`;
  }

  /** Ends it and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    // SIGTERM: at once, whoever is connected.
    await this.server.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}
