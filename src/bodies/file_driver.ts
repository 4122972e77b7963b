/**
 * Bodies as files: for one machine, or for several that share a disk.
 *
 * @module
 */
import type {
  Payload,
  StorageDriverRetrieveContext,
  StorageDriverStoreContext,
  StorageDriverTargetInfo,
} from "@temporalio/common";
import { StorageDriverClaim } from "@temporalio/common";
import proto from "@temporalio/proto";
import { Buffer } from "node:buffer";
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { BodyError } from "./body_error.ts";
import type { RemovingDriver } from "./sent_bodies.ts";

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** Whose workflow a folder of bodies belongs to. */
export interface BodyOwner {
  readonly namespace: string;
  readonly workflowId: string;
}

/** A stored body, as a sweep sees it. */
export interface StoredBody {
  /** Relative to the store's folder. */
  readonly path: string;
  readonly storedAtMs: number;
  readonly bytes: number;
}

/** A workflow's bodies. */
export interface OwnedBodies {
  /** Left out where the folder does not say: nobody can tell then whether they are still needed. */
  readonly owner: BodyOwner | undefined;
  readonly bodies: readonly StoredBody[];
}

const OWNER_FILE = "owner.json";
const BODY_SUFFIX = ".body";
const PARTIAL_SUFFIX = ".partial";

/** What the driver makes, and nothing else: a reference comes over the wire, and must not lead out of the folder. */
const BODY_PATH = /^[0-9a-f]{32}\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(?:body|partial)$/;
const OWNER_FOLDER = /^[0-9a-f]{32}$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;

/** A sweep may remove an empty folder at the moment when a body is about to go into it. */
const FOLDER_TRIES = 3;

/**
 * Stores each payload as a file of its own, below a folder for its workflow.
 *
 * A body appears under its name whole or not at all, and survives a crash of the machine: it is written under another
 * name, synced and renamed, and so is its folder's entry. What is read is compared with the digest in its reference.
 * No two references share a file, so removing one breaks no other.
 */
export class FileBodyDriver implements RemovingDriver {
  readonly name = "file";
  readonly type = "temporal-batcher.file";

  /** @param folder Made where it is missing, when the first body is stored. */
  constructor(readonly folder: string) {}

  /** @throws {BodyError} `not stored`: none of these payloads may be referred to. */
  async store({ target }: StorageDriverStoreContext, payloads: Payload[]): Promise<StorageDriverClaim[]> {
    const owner = ownerOf(target);
    const stored: string[] = [];
    try {
      const claims: StorageDriverClaim[] = [];
      for (const payload of payloads) {
        const bytes = PayloadMessage.encode(payload).finish();
        const path = await this.#storeOne(owner, bytes);
        stored.push(path);
        claims.push(new StorageDriverClaim({ path, sha256: sha256(bytes), bytes: String(bytes.length) }));
      }
      return claims;
    } catch (error) {
      await this.remove(stored).catch(() => {});
      throw new BodyError("not stored", `Cannot store a body in ${this.folder}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** @throws {BodyError} `missing` or `unreadable`, naming the body. */
  retrieve(_context: StorageDriverRetrieveContext, claims: StorageDriverClaim[]): Promise<Payload[]> {
    return Promise.all(claims.map(({ claimData }) => this.#read(claimData)));
  }

  /** Removes bodies by their references; those that are gone already are no error. */
  discard(claims: readonly StorageDriverClaim[]): Promise<void> {
    return this.remove(claims.map(({ claimData }) => claimData.path));
  }

  /** Removes bodies by their paths; those that are gone already are no error. */
  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      if (BODY_PATH.test(path)) await rm(join(this.folder, path), { force: true });
    }
  }

  /** Lists all bodies, and what stores left behind that did not end. */
  async *list(): AsyncGenerator<OwnedBodies> {
    for (const name of await namesIn(this.folder)) {
      if (!OWNER_FOLDER.test(name)) continue;
      const owner = await this.#readOwner(name);
      const bodies: StoredBody[] = [];
      for (const file of await namesIn(join(this.folder, name))) {
        if (!file.endsWith(BODY_SUFFIX) && !file.endsWith(PARTIAL_SUFFIX)) continue;
        const path = `${name}/${file}`;
        const found = await stat(join(this.folder, path)).catch(() => undefined);
        if (found !== undefined) bodies.push({ path, storedAtMs: found.mtimeMs, bytes: found.size });
      }
      yield { owner, bodies };
    }
  }

  async #storeOne(owner: BodyOwner, bytes: Uint8Array): Promise<string> {
    const folder = folderOf(owner);
    const path = `${folder}/${randomUUID()}${BODY_SUFFIX}`;
    for (let attempt = 1;; attempt++) {
      try {
        await this.#ensureFolder(folder, owner);
        await writeWhole(this.folder, folder, path, bytes);
        return path;
      } catch (error) {
        if (codeOf(error) !== "ENOENT" || attempt === FOLDER_TRIES) throw error;
      }
    }
  }

  async #ensureFolder(folder: string, owner: BodyOwner): Promise<void> {
    const ownerFile = join(this.folder, folder, OWNER_FILE);
    if (await stat(ownerFile).then(() => true, () => false)) return;
    await mkdir(join(this.folder, folder), { recursive: true, mode: 0o700 });
    await writeWhole(this.folder, folder, `${folder}/${OWNER_FILE}`, Buffer.from(JSON.stringify(owner)));
    await syncFolder(this.folder);
  }

  async #readOwner(folder: string): Promise<BodyOwner | undefined> {
    try {
      const owner = JSON.parse(await readFile(join(this.folder, folder, OWNER_FILE), "utf8"));
      return folderOf(owner) === folder ? owner : undefined;
    } catch {
      return undefined;
    }
  }

  async #read({ path, sha256: expected }: Record<string, string>): Promise<Payload> {
    if (!BODY_PATH.test(path) || !SHA256_HEX.test(expected)) {
      throw new BodyError("missing", `Cannot read a body from ${this.folder}: its reference is not one of this store`);
    }
    const at = join(this.folder, path);
    let bytes: Uint8Array;
    try {
      bytes = await readFile(at);
    } catch (error) {
      // Without its folder the whole store is away: a disk that is not mounted, say.
      const missing = codeOf(error) === "ENOENT" && await stat(this.folder).then(() => true, () => false);
      throw missing
        ? new BodyError("missing", `Body ${at} is missing: writers and workers must have the same body storage`)
        : new BodyError("unreadable", `Cannot read body ${at}: ${(error as Error).message}`, { cause: error });
    }
    if (sha256(bytes) !== expected) {
      throw new BodyError("missing", `Body ${at} is damaged: its digest is not that of its reference`);
    }
    return PayloadMessage.decode(bytes);
  }

  /** Removes a workflow's folder if it is empty: the next body makes it anew. */
  async removeEmptyFolder(owner: BodyOwner): Promise<void> {
    const folder = join(this.folder, folderOf(owner));
    const names = await namesIn(folder);
    if (names.some((name) => name !== OWNER_FILE)) return;
    await rm(join(folder, OWNER_FILE), { force: true });
    // A body that has come meanwhile keeps its folder.
    await rmdir(folder).catch(() => {});
  }
}

function ownerOf(target: StorageDriverTargetInfo | undefined): BodyOwner {
  // An activity without a workflow owns its payloads under its own id.
  return { namespace: target?.namespace ?? "", workflowId: target?.id ?? "" };
}

function folderOf({ namespace, workflowId }: BodyOwner): string {
  // Ids may be longer than a file's name, and hold anything.
  return sha256(Buffer.from(`${namespace}\n${workflowId}`)).slice(0, 32);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function writeWhole(root: string, folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const partial = join(root, folder, `${randomUUID()}${PARTIAL_SUFFIX}`);
  try {
    const file = await open(partial, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, join(root, path));
    await syncFolder(join(root, folder));
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw error;
  }
}

/** Makes the names in a folder durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
