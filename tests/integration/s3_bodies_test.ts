/** Bodies in S3, by Temporal's own driver and the AWS SDK, against an S3-compatible server. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { BodyStorage } from "../../src/bodies/body_storage.ts";
import { BodyMissingError, WriteSubmissionFailedError } from "../../src/protocol/failures.ts";
import type { Lab } from "../support/lab.ts";
import { permitted } from "../support/permitted.ts";
import { findMotoServer, INSTALL_S3_SERVER, S3Server } from "../support/s3_server.ts";

const program = permitted ? findMotoServer() : undefined;
// In CI they fail instead, so that nobody takes a machine without a server for one on which it works.
const ignore = !permitted || program === undefined && Deno.env.get("CI") !== "true";

const large = (n: number) => ({ n, text: "x".repeat(30_000) });

interface S3Lab {
  readonly lab: Lab;
  readonly server: S3Server;
  readonly storage: BodyStorage;
}

let opening: Promise<S3Lab> | undefined;

async function open(): Promise<S3Lab> {
  if (program === undefined) throw new Error(INSTALL_S3_SERVER);
  Deno.env.set("AWS_ACCESS_KEY_ID", "a-key");
  Deno.env.set("AWS_SECRET_ACCESS_KEY", "a-secret");
  const server = await S3Server.start(program, "rows");
  const { openBodyStorage } = await import("../../src/bodies/open_body_storage.ts");
  const storage = await openBodyStorage(addressOf(server));
  const { Lab } = await import("../support/lab.ts");
  return { lab: await Lab.open({ dataConverter: { externalStorage: storage } }), server, storage };
}

function addressOf({ endpoint, bucket }: S3Server): string {
  return `s3://${bucket}/some/prefix?region=eu-central-1&endpoint=${endpoint}&path_style=true`;
}

Deno.test.afterAll(async () => {
  const opened = await opening?.catch(() => undefined);
  await opened?.lab[Symbol.asyncDispose]();
  await opened?.server[Symbol.asyncDispose]();
});

function s3Test(name: string, run: (of: S3Lab) => Promise<void>): void {
  Deno.test({
    name: ignore ? `${name} (${permitted ? INSTALL_S3_SERVER : "run it with: deno task test"})` : name,
    ignore,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => await run(await (opening ??= open())),
  });
}

s3Test("write() sends large rows through S3, below the prefix", async ({ lab, server }) => {
  const name = lab.name();
  await lab.batcherWorker(name);
  const writer = lab.writer(name);
  const receipts = await Promise.all(
    Array.from({ length: 10 }, (_, n) => writer.write({ requestId: `${name}/${n}`, data: large(n) })),
  );
  await lab.assertLedgerHolds(`${name}/`, receipts);
  const keys = await server.keys();
  assert(keys.length > 0 && keys.every((key) => key.startsWith("some/prefix/v0/ns/default/wt/")), keys.join(" "));
  const { historySize } = await lab.batcher(name).describe();
  assert(historySize! < 30_000, `the history has ${historySize} bytes`);
});

s3Test("batcher() reads its bodies from S3 again after its worker was lost", async ({ lab, server }) => {
  const name = lab.name();
  const first = await lab.batcherWorker(name);
  const writer = lab.writer(name);
  for (let n = 0; n < 3; n++) await writer.write({ requestId: `${name}/${n}`, data: large(n) });
  await first.stop();
  const { openBodyStorage } = await import("../../src/bodies/open_body_storage.ts");
  await lab.batcherWorker(name, { externalStorage: await openBodyStorage(addressOf(server)) });
  assertEquals((await lab.stats(name)).admittedWrites, 3);
  assertEquals((await writer.write({ requestId: `${name}/after`, data: large(9) })).status, "committed");
});

s3Test(
  "write() whose body S3 does not have is not written, and the error names it",
  async ({ lab, server, storage }) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    await writer.write({ requestId: `${name}/first`, data: 0 });
    const { driver } = storage;
    const store = driver.store;
    driver.store = async (context, payloads) => {
      const claims = await store.call(driver, context, payloads);
      await server.clear();
      return claims;
    };
    try {
      const error = await assertRejects(
        () => writer.write({ requestId: `${name}/lost`, data: large(1) }),
        BodyMissingError,
        "key=v0/ns/default",
      );
      assertEquals((error as BodyMissingError).outcome, "not written");
    } finally {
      driver.store = store;
    }
    assertEquals((await writer.write({ requestId: `${name}/lost`, data: large(1) })).status, "committed");
  },
);

s3Test("write() to a bucket that does not exist is not written", async ({ lab, server }) => {
  const name = lab.name();
  await lab.batcherWorker(name);
  const { openBodyStorage } = await import("../../src/bodies/open_body_storage.ts");
  const externalStorage = await openBodyStorage(addressOf(server).replace("rows", "no-such-bucket"));
  const { connectWriterClient } = await import("../../src/client/connection.ts");
  await using connected = await connectWriterClient({ address: lab.address, dataConverter: { externalStorage } });
  const writer = lab.writer(name, { client: connected.client });
  await writer.write({ requestId: `${name}/first`, data: 0 });
  const error = await assertRejects(
    () => writer.write({ requestId: `${name}/a`, data: large(1) }),
    WriteSubmissionFailedError,
    "bucket=no-such-bucket",
  );
  assertEquals((error as WriteSubmissionFailedError).outcome, "not written");
});
