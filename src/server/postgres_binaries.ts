/**
 * Where PostgreSQL's programs are on this machine, and as whom they may run.
 *
 * @module
 */

/** What to do where there is no PostgreSQL, in a few words. */
export const INSTALL_POSTGRES = "install PostgreSQL, on Debian: apt-get install postgresql";

/** Where Debian and its like keep the programs of each version, which are not on PATH. */
const VERSIONS = "/usr/lib/postgresql";

/** The users that may own a cluster where we are root, whom PostgreSQL refuses. */
const OWNERS = ["postgres", "nobody"];

const PROGRAMS = ["initdb", "postgres", "pg_isready", "pg_basebackup"];

/** Paths of programs. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly isReady: string;
  /** Copies a cluster. */
  readonly baseBackup: string;
}

/** Finds PostgreSQL's programs: those on PATH, else those of the latest version below `/usr/lib/postgresql`. */
export function findPostgres(): PostgresBinaries | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), ...versionFolders()];
  for (const folder of folders) {
    const [initdb, postgres, isReady, baseBackup] = PROGRAMS.map((name) => `${folder}/${name}`);
    if (folder !== "" && [initdb, postgres, isReady, baseBackup].every(isFile)) {
      return { initdb, postgres, isReady, baseBackup };
    }
  }
  return undefined;
}

function versionFolders(): string[] {
  try {
    const versions = [...Deno.readDirSync(VERSIONS)].map(({ name }) => name);
    return versions.sort((a, b) => Number(b) - Number(a)).map((version) => `${VERSIONS}/${version}/bin`);
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * As whom to run a cluster.
 *
 * @returns `undefined` for "as we are": PostgreSQL refuses nobody but root.
 * @throws {Error} If we are root and there is no other user.
 */
export function ownerOfCluster(): { readonly uid: number; readonly gid: number } | undefined {
  if (Deno.uid() !== 0) return undefined;
  const users = Deno.readTextFileSync("/etc/passwd").split("\n").map((line) => line.split(":"));
  for (const owner of OWNERS) {
    const user = users.find(([name]) => name === owner);
    if (user !== undefined) return { uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new Error(`Cannot run PostgreSQL as root, and there is no user ${OWNERS.join(" or ")}`);
}
