/**
 * Opens a store of bodies by its address.
 *
 * @module
 */
import { BodyStorage } from "./body_storage.ts";
import type { BodyStorageAddress } from "./body_storage_address.ts";
import { FileBodyDriver } from "./file_driver.ts";

const S3_PARAMETERS = ["region", "endpoint", "path_style"];

/** Largest prefix: a key has at most 1,024 bytes, and ids of namespaces and workflows stand in it. */
const PREFIX_CHARS_MAX = 200;

/**
 * Reads the address of a store: `file:DIR`, or `s3://BUCKET/PREFIX` with the parameters `region`, `endpoint` and
 * `path_style`.
 *
 * @throws {RangeError} If it names no store; the message says what is wrong with it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseBodyStorage("file:/mnt/shared/bodies"), { kind: "file", folder: "/mnt/shared/bodies" });
 * assertEquals(parseBodyStorage("s3://rows/batcher"), {
 *   kind: "s3",
 *   bucket: "rows",
 *   prefix: "batcher",
 *   pathStyle: false,
 * });
 * ```
 */
export function parseBodyStorage(address: string): BodyStorageAddress {
  if (address.startsWith("file:")) {
    const folder = address.slice("file:".length);
    if (folder === "" || folder.startsWith("//")) {
      throw problem("must name a folder: file:DIR, without slashes before it");
    }
    return { kind: "file", folder };
  }
  if (address.startsWith("s3://")) return parseS3(address);
  throw problem("must be file:DIR or s3://BUCKET/PREFIX");
}

function parseS3(address: string): BodyStorageAddress {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw problem("must be an address: s3://BUCKET/PREFIX");
  }
  if (url.username || url.password) throw problem("must not hold credentials: set AWS_ACCESS_KEY_ID, or a role");
  if (url.hostname === "") throw problem("must name a bucket: s3://BUCKET/PREFIX");
  const unknown = [...url.searchParams.keys()].find((name) => !S3_PARAMETERS.includes(name));
  if (unknown !== undefined) throw problem(`has a parameter ${unknown}: it may have ${S3_PARAMETERS.join(", ")}`);
  const pathStyle = url.searchParams.get("path_style") ?? "false";
  if (pathStyle !== "true" && pathStyle !== "false") throw problem("must have path_style=true or path_style=false");
  const prefix = decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, "");
  if (prefix.length > PREFIX_CHARS_MAX) {
    throw problem(`must have a prefix of at most ${PREFIX_CHARS_MAX} characters: it has ${prefix.length}`);
  }
  const region = url.searchParams.get("region");
  const endpoint = url.searchParams.get("endpoint");
  return {
    kind: "s3",
    bucket: url.hostname,
    prefix,
    ...(region && { region }),
    ...(endpoint && { endpoint }),
    pathStyle: pathStyle === "true",
  };
}

function problem(text: string): RangeError {
  return new RangeError(`Cannot store bodies as the body storage ${text}`);
}

/**
 * Opens a store for the data converter of writers and workers.
 *
 * The AWS SDK is loaded, and where it is missing fetched, only for a store of S3.
 *
 * @throws {RangeError} If the address names no store.
 *
 * @example
 * ```ts ignore
 * const externalStorage = await openBodyStorage("file:/mnt/shared/bodies");
 * await using connected = await connectWriterClient({ dataConverter: { externalStorage } });
 * ```
 */
export async function openBodyStorage(address: string): Promise<BodyStorage> {
  const parsed = parseBodyStorage(address);
  if (parsed.kind === "file") {
    return new BodyStorage({ driver: new FileBodyDriver(parsed.folder), description: `file:${parsed.folder}` });
  }
  const { openS3Driver } = await import("./s3_driver.ts");
  const { bucket, prefix } = parsed;
  return new BodyStorage({ driver: await openS3Driver(parsed), description: `s3://${bucket}/${prefix}` });
}
