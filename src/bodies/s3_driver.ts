/**
 * Bodies in S3 and stores like it, by Temporal's own driver.
 *
 * @module
 */
import type { StorageDriver } from "@temporalio/common";
import { BodyError } from "./body_error.ts";
import type { S3Address } from "./body_storage_address.ts";

/**
 * What is loaded when a store of S3 is opened, and only then: the AWS SDK alone is 23 MB, and Temporal's driver brings
 * the `common` of its own version, of which it uses the codec of payloads.
 */
const PACKAGES = {
  sdk: ["@aws-sdk/client-s3", "3.1175.0"],
  driver: ["@temporalio/external-storage-s3", "1.22.0"],
  client: ["@temporalio/external-storage-s3-aws-sdk", "1.22.0"],
} as const;

interface RequestOptions {
  readonly abortSignal?: AbortSignal;
}

/** What Temporal's driver asks of a client. */
interface S3Client {
  putObject(bucket: string, key: string, data: Uint8Array, options?: RequestOptions): Promise<void>;
  objectExists(bucket: string, key: string, options?: RequestOptions): Promise<boolean>;
  getObject(bucket: string, key: string, options?: RequestOptions): Promise<Uint8Array>;
  describe?(): Record<string, string>;
}

/** Opens Temporal's driver for a bucket. Credentials, and what else the address leaves out, are the AWS SDK's to find. */
export async function openS3Driver(
  { bucket, prefix, region, endpoint, pathStyle }: S3Address,
): Promise<StorageDriver> {
  const [sdk, { S3StorageDriver }, { AwsSdkS3StorageDriverClient }] = await loadPackages();
  const aws = new sdk.S3Client({
    ...(region && { region }),
    ...(endpoint && { endpoint }),
    forcePathStyle: pathStyle,
  });
  const client = withPrefix(new AwsSdkS3StorageDriverClient(aws), prefix);
  return new S3StorageDriver({ client, bucket });
}

/** Keys of Temporal's driver begin at the root of a bucket; these begin below a prefix. */
function withPrefix(client: S3Client, prefix: string): S3Client {
  const keyOf = (key: string) => prefix === "" ? key : `${prefix}/${key}`;
  return {
    putObject: (bucket, key, data, options) => client.putObject(bucket, keyOf(key), data, options),
    objectExists: (bucket, key, options) => client.objectExists(bucket, keyOf(key), options),
    getObject: (bucket, key, options) => client.getObject(bucket, keyOf(key), options),
    describe: () => client.describe?.() ?? {},
  };
}

interface Packages {
  readonly sdk: { S3Client: new (options: object) => unknown };
  readonly driver: { S3StorageDriver: new (options: { client: S3Client; bucket: string }) => StorageDriver };
  readonly client: { AwsSdkS3StorageDriverClient: new (client: unknown) => S3Client };
}

async function loadPackages(): Promise<[Packages["sdk"], Packages["driver"], Packages["client"]]> {
  const isDeno = "Deno" in globalThis;
  // In variables, because Deno fetches a package that an import names literally for everybody who starts this program.
  const load = ([name, version]: readonly [name: string, version: string]) =>
    import(isDeno ? `npm:${name}@${version}` : name);
  const { sdk, driver, client } = PACKAGES;
  try {
    return await Promise.all([load(sdk), load(driver), load(client)]);
  } catch (error) {
    const how = isDeno
      ? "they are fetched when first used"
      : `install ${Object.values(PACKAGES).map(([name, version]) => `${name}@${version}`).join(" ")}`;
    const message = `Cannot load the AWS SDK and Temporal's S3 driver: ${(error as Error).message}; ${how}`;
    throw new BodyError("unconfigured", message, { cause: error });
  }
}
