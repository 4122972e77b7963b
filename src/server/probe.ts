import type { ConnectionOptions } from "@temporalio/client";
import { connectNative } from "../client/connection.ts";

/** The only interface that servers started here listen on. */
export const LOOPBACK = "127.0.0.1";

/** Tells whether anything accepts TCP connections on a local port. */
export async function isListening(port: number): Promise<boolean> {
  try {
    const connection = await Deno.connect({ hostname: LOOPBACK, port });
    connection.close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

/** Returns a local port that nothing listens on. Another process may take it before it is used. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

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
