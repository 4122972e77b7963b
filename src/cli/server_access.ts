/**
 * Is the server there, and does anybody work for it?
 *
 * @module
 */
import { type Client, isGrpcServiceError, WorkflowNotFoundError } from "@temporalio/client";
import type { DataConverter } from "@temporalio/common";
import { isPolled } from "../client/absent_workers.ts";
import { connectClient, type ConnectedClient, loadConnectConfig } from "../client/connection.ts";
import { createLog } from "../worker/log.ts";
import { installRuntime } from "../worker/runtime.ts";
import { UsageError } from "./command.ts";

/** How long a command waits for a server before it says that there is none. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Options of {@linkcode connectOrExplain}. */
export interface ExplainOptions {
  readonly namespace?: string;
  readonly dataConverter?: DataConverter;
}

/**
 * Connects and looks for the namespace, or says in one line what to do. What the SDK logs goes to a log of warnings, unless
 * the command has one.
 */
export async function connectOrExplain(
  address: string | undefined,
  { namespace: given, dataConverter }: ExplainOptions = {},
): Promise<ConnectedClient> {
  installRuntime(createLog("warn"), "warn");
  const { connection, namespace } = loadConnectConfig({ address, namespace: given });
  let connected: ConnectedClient;
  try {
    connected = await connectClient({ address, namespace, connectTimeoutMs: CONNECT_TIMEOUT_MS, dataConverter });
  } catch (error) {
    throw new UsageError(
      `${(error as Error).message}; start one with 'deno task server', or set TEMPORAL_ADDRESS or --address`,
    );
  }
  try {
    await connected.client.workflowService.describeNamespace({ namespace });
    return connected;
  } catch (error) {
    await connected[Symbol.asyncDispose]();
    if (!isGrpcServiceError(error)) throw error;
    throw new UsageError(
      `Namespace ${JSON.stringify(namespace)} cannot be used at ${connection.address} (${
        error.details || error.message
      }): ` +
        "create it, or set TEMPORAL_NAMESPACE or --namespace",
    );
  }
}

/** Says which of the task queues no worker polls. */
export async function unpolledTaskQueues(client: Client, taskQueues: readonly string[]): Promise<string[]> {
  const polled = await Promise.all(taskQueues.map((name) => isPolled(client, name)));
  return taskQueues.filter((_, i) => !polled[i]);
}

/**
 * Stops a command whose work nobody would do.
 *
 * @param command What starts the workers that are missing.
 * @throws {UsageError} If no worker polls one of the task queues.
 */
export async function requireWorkers(client: Client, taskQueues: readonly string[], command: string): Promise<void> {
  const unpolled = await unpolledTaskQueues(client, taskQueues);
  if (unpolled.length === 0) return;
  throw new UsageError(`No worker polls ${unpolled.join(" and ")}: start one with '${command}'`);
}

/** Whether a workflow with this id is running. */
export async function isRunning(client: Client, workflowId: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name === "RUNNING";
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
