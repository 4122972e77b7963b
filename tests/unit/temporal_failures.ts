/**
 * Errors as the client of the SDK throws them. Nothing here is loaded before it is asked for: the SDK reads the
 * environment when it loads, and plain `deno test` may not.
 *
 * @module
 */

/** Numbers of gRPC status codes. */
const CODES = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcCode = keyof typeof CODES;

/** Makers of errors, on the real classes of the SDK. */
export async function failures() {
  const client = await import("@temporalio/client");
  const { ApplicationFailure } = await import("@temporalio/common");
  const { default: proto } = await import("@temporalio/proto");
  const { ResourceExhaustedCause } = proto.temporal.api.enums.v1;
  const { ResourceExhaustedFailure } = proto.temporal.api.errordetails.v1;

  /** As grpc-js reports a status: an error with a code, its text and metadata. */
  const grpc = (code: GrpcCode, details = `${code} details`, status?: Uint8Array): Error => {
    const metadata = { get: (key: string) => key === "grpc-status-details-bin" && status ? [status] : [] };
    return Object.assign(new Error(`${CODES[code]} ${code}: ${details}`), { code: CODES[code], details, metadata });
  };

  const exhausted = (cause: "CONCURRENT_LIMIT" | "BUSY_WORKFLOW" | "RPS_LIMIT" | "SYSTEM_OVERLOADED"): Error => {
    const value = ResourceExhaustedFailure.encode({
      cause: ResourceExhaustedCause[`RESOURCE_EXHAUSTED_CAUSE_${cause}`],
    }).finish();
    const typeUrl = "type.googleapis.com/temporal.api.errordetails.v1.ResourceExhaustedFailure";
    const status = proto.google.rpc.Status.encode({ code: 8, details: [{ type_url: typeUrl, value }] }).finish();
    return grpc("RESOURCE_EXHAUSTED", "resource exhausted", status);
  };

  /** As the server reports what became of an Update that was sent together with a start. */
  const multiOperation = (code: GrpcCode, details: { type_url: string; value: Uint8Array }[]): Error => {
    const { MultiOperationExecutionFailure } = proto.temporal.api.errordetails.v1;
    const aborted = { type_url: "type.googleapis.com/temporal.api.failure.v1.MultiOperationExecutionAborted" };
    const value = MultiOperationExecutionFailure.encode({
      statuses: [{ code: CODES.ABORTED, details: [aborted] }, { code: CODES[code], details }],
    }).finish();
    const typeUrl = "type.googleapis.com/temporal.api.errordetails.v1.MultiOperationExecutionFailure";
    const status = proto.google.rpc.Status.encode({ code: CODES[code], details: [{ type_url: typeUrl, value }] });
    return grpc(code, "\u0001binary", status.finish());
  };

  return {
    grpc,
    multiOperation,
    /** The server has let an Update go before the batcher saw it. */
    aborted: () => multiOperation("UNAVAILABLE", []),
    exhausted,
    /** As the SDK passes a gRPC error on. */
    service: (cause: Error) => new client.ServiceError("Workflow Update failed", { cause }),
    rpcTimeout: (cause: Error | undefined) =>
      new client.WorkflowUpdateRPCTimeoutOrCancelledError("timed out", cause && { cause }),
    updateFailed: (cause: Error | undefined) => new client.WorkflowUpdateFailedError("Workflow Update failed", cause),
    application: (type: string, ...details: unknown[]) =>
      ApplicationFailure.nonRetryable(`message of ${type}`, type, ...details),
    workflowNotFound: () =>
      new client.WorkflowNotFoundError("workflow not found for ID: batcher/0/0", "batcher/0/0", undefined),
    namespaceNotFound: (namespace: string) => new client.NamespaceNotFoundError(namespace),
  };
}

export type Failures = Awaited<ReturnType<typeof failures>>;
