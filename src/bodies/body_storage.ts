/**
 * External storage of the SDK, made safe for a batcher.
 *
 * @module
 */
import {
  type DataConverter,
  ExternalStorage,
  type Payload,
  type StorageDriver,
  StorageDriverClaim,
  type StorageDriverRetrieveContext,
  type StorageDriverStoreContext,
  type StorageDriverTargetInfo,
} from "@temporalio/common";
import { AsyncLocalStorage } from "node:async_hooks";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { shortMessage } from "../protocol/failures.ts";
import { LIMITS } from "../protocol/limits.ts";
import { BATCHER_WORKFLOW } from "../protocol/names.ts";
import { UNREAD_BODY_KEY, type UnreadBody } from "../protocol/messages.ts";
import { BodyCache } from "./body_cache.ts";
import { BodyError, bodyErrorIn } from "./body_error.ts";

/** Options of a {@linkcode BodyStorage}. */
export interface BodyStorageOptions {
  readonly driver: StorageDriver;
  /**
   * Payloads of this size and more are stored, and referred to in the history. Writers and workers should have the same.
   * @default {16384}
   */
  readonly thresholdBytes?: number;
  /** Where bodies go, for people; without credentials. */
  readonly description?: string;
}

/**
 * External storage for a data converter of writers and batcher workers.
 *
 * The SDK fails a whole workflow task when it cannot read one payload in it, again and again: one lost body would stop
 * a batcher for all of its writers. So the arguments of an Update that is not admitted yet are replaced by a note of what
 * is wrong with them, and the batcher refuses that Update alone.
 */
export class BodyStorage extends ExternalStorage {
  readonly description: string;

  /** The driver as it was handed in. */
  readonly driver: StorageDriver;

  constructor({ driver, thresholdBytes = LIMITS.bodyThresholdBytes, description }: BodyStorageOptions) {
    const guarded = new GuardedDriver(driver);
    super({
      drivers: [guarded],
      driverSelector: ({ target }) => isBatcherInput(target) ? null : guarded,
      payloadSizeThreshold: thresholdBytes,
    });
    this.driver = driver;
    this.description = description ?? driver.name;
  }
}

/**
 * What a batcher starts from or hands to its next run is bounded, and stays inline: a roll over must not depend on the
 * store.
 */
function isBatcherInput(target: StorageDriverTargetInfo | undefined): boolean {
  if (target?.kind !== "workflow" || target.type !== BATCHER_WORKFLOW) return false;
  // An Update that starts its batcher has the same target.
  return target.runId === undefined && submissions.getStore() === undefined;
}

/** Names under which this program's own drivers are found in references. */
export const DRIVER_NAMES = { file: "file", s3: "aws.s3driver" } as const;

/** For a worker without body storage: answers references with what to set, so that their Updates alone are refused. */
export function noBodyStorage(): ExternalStorage {
  const explain = () =>
    Promise.reject(
      new BodyError(
        "unconfigured",
        "This worker has no body storage, and its writers have: set BODY_STORAGE or --body-storage to what they use",
      ),
    );
  const drivers = Object.values(DRIVER_NAMES).map((name) =>
    new GuardedDriver({ name, type: "temporal-batcher.none", store: explain, retrieve: explain })
  );
  return new ExternalStorage({ drivers, driverSelector: () => null });
}

/** Field of a reference that marks it as that of an Update's argument; its value tells batchers apart. */
const SUBMISSION_OF = "submissionOf";

const submissions = new AsyncLocalStorage<StorageDriverClaim[]>();

/**
 * Runs what sends a submission's Update.
 *
 * @param claims Collects the references to what is stored for it.
 */
export function storingSubmission<T>(claims: StorageDriverClaim[], send: () => Promise<T>): Promise<T> {
  return submissions.run(claims, send);
}

/** How often a body that cannot be read is tried again, and after how long each time: within a workflow task's timeout. */
const READ_AGAIN_AFTER_MS = [50, 150, 400, 900];

/** A driver whose failures say what is known, and stop no more than they must. */
class GuardedDriver implements StorageDriver {
  readonly name: string;
  readonly type: string;
  readonly #cache = new BodyCache(LIMITS.bodyCacheBytesMax);

  constructor(private readonly inner: StorageDriver) {
    this.name = inner.name;
    this.type = inner.type;
  }

  async store(context: StorageDriverStoreContext, payloads: Payload[]): Promise<StorageDriverClaim[]> {
    const owner = ownerOf(context.target);
    const submission = submissions.getStore();
    if (submission !== undefined) {
      const claims = await this.#store(context, payloads);
      submission.push(...claims);
      return claims.map(({ claimData }) => new StorageDriverClaim({ ...claimData, [SUBMISSION_OF]: owner }));
    }
    // Not in a writer: an Update that is sent again needs a body that lives as long as the run that takes it.
    const known = payloads.map((payload) => this.#cache.referenceTo(owner, payload));
    const fresh = payloads.filter((_, i) => known[i] === undefined);
    const stored = fresh.length > 0 ? await this.#store(context, fresh) : [];
    return known.map((claimData) => claimData ? new StorageDriverClaim({ ...claimData }) : stored.shift()!);
  }

  async #store(context: StorageDriverStoreContext, payloads: Payload[]): Promise<StorageDriverClaim[]> {
    try {
      return await this.inner.store(context, payloads);
    } catch (error) {
      throw bodyErrorIn(error) ??
        new BodyError("not stored", `Cannot store a body: ${textOf(error)}`, { cause: error });
    }
  }

  retrieve(context: StorageDriverRetrieveContext, claims: StorageDriverClaim[]): Promise<Payload[]> {
    return Promise.all(claims.map((claim) => this.#retrieve(context, claim)));
  }

  async #retrieve(context: StorageDriverRetrieveContext, claim: StorageDriverClaim): Promise<Payload> {
    const { [SUBMISSION_OF]: owner, ...claimData } = claim.claimData;
    const kept = this.#cache.get(claimData);
    if (kept !== undefined) return kept;
    try {
      const payload = await this.#read(context, new StorageDriverClaim(claimData));
      if (owner !== undefined) this.#cache.add(owner, claimData, payload);
      return payload;
    } catch (error) {
      if (owner === undefined || !(error instanceof BodyError) || error.problem === "not stored") throw error;
      return unreadBody({ [UNREAD_BODY_KEY]: error.problem, message: shortMessage(error) });
    }
  }

  async #read(context: StorageDriverRetrieveContext, claim: StorageDriverClaim): Promise<Payload> {
    for (let tries = 0;; tries++) {
      try {
        const [payload] = await this.inner.retrieve(context, [claim]);
        return payload;
      } catch (error) {
        const known = bodyErrorIn(error) ?? judged(error, claim);
        const waitMs = READ_AGAIN_AFTER_MS[tries];
        if (known.problem !== "unreadable" || waitMs === undefined || context.abortSignal?.aborted) throw known;
        await delay(waitMs);
      }
    }
  }
}

function ownerOf(target: StorageDriverTargetInfo | undefined): string {
  const hash = createHash("sha256").update(`${target?.namespace ?? ""}\n${target?.id ?? ""}`);
  return hash.digest("base64url").slice(0, 22);
}

/** Names of the errors with which S3 and its like say that there is no such object, and of one that is not as it was. */
const MISSING = /^(?:NoSuchKey|NotFound|NoSuchBucket)$/;

function judged(error: unknown, { claimData }: StorageDriverClaim): BodyError {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (MISSING.test(at.name)) {
      return new BodyError("missing", `Body ${JSON.stringify(claimData)} is missing: ${textOf(error)}`, {
        cause: error,
      });
    }
  }
  // The SDK's drivers throw it for a reference that is none of theirs, and for a digest that does not fit.
  const problem = error instanceof Error && error.name === "ValueError" ? "missing" : "unreadable";
  return new BodyError(problem, `Cannot read a body: ${textOf(error)}`, { cause: error });
}

function textOf(error: unknown): string {
  const texts: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) if (at.message) texts.push(at.message);
  return texts.length > 0 ? texts.join(": ") : String(error);
}

/** Stands in for an argument: the batcher knows it by its key. */
function unreadBody(note: UnreadBody): Payload {
  return {
    metadata: { encoding: Buffer.from("json/plain") },
    data: Buffer.from(JSON.stringify(note)),
  };
}

/** From which size on a data converter stores payloads outside of the history; of storage that is not ours nobody knows. */
export function storedFromBytes(dataConverter: Pick<DataConverter, "externalStorage"> | undefined): number | undefined {
  const storage = dataConverter?.externalStorage;
  return storage instanceof BodyStorage ? storage.payloadSizeThreshold : undefined;
}
