/**
 * A store of bodies that fails when it is told to.
 *
 * @module
 */
import type {
  Payload,
  StorageDriverClaim,
  StorageDriverRetrieveContext,
  StorageDriverStoreContext,
} from "@temporalio/common";
import { BodyError } from "../../src/bodies/body_error.ts";
import { FileBodyDriver } from "../../src/bodies/file_driver.ts";

/** Passes on what it is not told to spoil. */
export class FaultyBodies extends FileBodyDriver {
  /** Bodies read so far, well or not. */
  reads = 0;
  /** Bodies stored so far. */
  stores = 0;
  /** Which bodies are lost as soon as they are stored. */
  loses: (context: StorageDriverStoreContext) => boolean = () => false;
  failsToStore = false;
  /** Which reads fail, as of a store that is away. */
  failsToRead: (claim: StorageDriverClaim) => boolean = () => false;

  /** Is well again. */
  heal(): void {
    this.failsToStore = false;
    this.loses = this.failsToRead = () => false;
  }

  override async store(context: StorageDriverStoreContext, payloads: Payload[]): Promise<StorageDriverClaim[]> {
    if (this.failsToStore) throw new Error("ENOSPC: no space left on device");
    const claims = await super.store(context, payloads);
    this.stores += claims.length;
    if (this.loses(context)) await this.discard(claims);
    return claims;
  }

  override retrieve(context: StorageDriverRetrieveContext, claims: StorageDriverClaim[]): Promise<Payload[]> {
    this.reads += claims.length;
    if (claims.some(this.failsToRead)) return Promise.reject(new BodyError("unreadable", "the store is away"));
    return super.retrieve(context, claims);
  }

  /** Paths of all bodies that are there. */
  async paths(): Promise<string[]> {
    return (await Array.fromAsync(this.list())).flatMap(({ bodies }) => bodies.map(({ path }) => path)).sort();
  }
}
