/** Connections that leave retries to the writer. They lean on parts of the SDK that it does not document. */
import { assert, assertEquals } from "@std/assert";
import { labTests } from "../support/lab_tests.ts";

/** Any method of the server, as the SDK describes it. */
async function someMethod(): Promise<unknown> {
  const { temporal } = (await import("@temporalio/proto")).default;
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const service = temporal.api.workflowservice.v1.WorkflowService.create((rpc, _request, callback) => {
    resolve(rpc);
    callback(null, new Uint8Array());
  });
  await service.getSystemInfo({});
  return await promise;
}

labTests({}, [
  ["UnretriedConnection.over() asks the same server, and does not close its connection", async (lab) => {
    const { UnretriedConnection } = await import("../../src/client/unretried_connection.ts");
    const { serverVersion } = await UnretriedConnection.over(lab.native).workflowService.getSystemInfo({});
    assertEquals(serverVersion, (await lab.native.workflowService.getSystemInfo({})).serverVersion);
  }],

  ["UnretriedConnection sends a request that the SDK would retry once", async (lab) => {
    const { NativeConnection } = await import("@temporalio/worker");
    const { UnretriedConnection } = await import("../../src/client/unretried_connection.ts");
    const retries: boolean[] = [];
    const answer = new Uint8Array();
    const send = (request: { retry: boolean }) => Promise.resolve((retries.push(request.retry), answer));
    const method = await someMethod();
    for (const kind of [NativeConnection, UnretriedConnection]) {
      const { sendRequest } = kind.prototype as unknown as { sendRequest: (...args: unknown[]) => void };
      await new Promise((resolve) => sendRequest.call(lab.native, send, method, answer, resolve));
    }
    assertEquals(retries, [true, false]);
    assert(!(lab.native instanceof UnretriedConnection));
  }],
]);
