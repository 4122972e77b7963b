import type { ConnectionOptions } from "@temporalio/client";
import { connectNative } from "../client/connection.ts";

/**
 * Checks that a Temporal server answers and, if one is named, that it has the namespace. Does not retry.
 *
 * @param options How to connect.
 * @param timeoutMs Bound of the whole check.
 * @param namespace The namespace to look for; `undefined` looks for none.
 * @throws {Error} If it does not answer in time, speaks something else, or lacks the namespace; a `ServiceError` of gRPC
 * as it came.
 */
export async function checkTemporal(options: ConnectionOptions, timeoutMs: number, namespace?: string): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  const connection = await connectNative(options, timeoutMs);
  try {
    await connection.withDeadline(deadlineMs, async () => {
      await connection.workflowService.getSystemInfo({});
      if (namespace !== undefined) await connection.workflowService.describeNamespace({ namespace });
    });
  } finally {
    await connection.close();
  }
}
