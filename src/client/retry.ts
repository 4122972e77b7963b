/**
 * Says what each failure of an Update means and what the writer does next.
 *
 * @module
 */
import {
  isGrpcServiceError,
  NamespaceNotFoundError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import proto from "@temporalio/proto";
import { type BodyError, bodyErrorIn } from "../bodies/body_error.ts";
import { type ConflictDetails, FAILURE, type OverloadedDetails, shortMessage } from "../protocol/failures.ts";
import type { ReceiptRun, SubmitWritesAnswer } from "../protocol/messages.ts";

/** What the writer does next with an Update that failed. */
export type FailureAction =
  /** Every write in it is stored already; these are its receipts. */
  | { readonly kind: "answered"; readonly runs: readonly ReceiptRun[] }
  /** These writes alone fail; the others are sent again. */
  | { readonly kind: "conflict"; readonly requestIds: readonly string[] }
  /** The batcher found the Update malformed: two versions of this code do not agree, or a foreign writer is wrong. */
  | { readonly kind: "invalid"; readonly message: string }
  /**
   * Not admitted: the batcher is full, continues as new or has another Update of this writer. Wait, then send again.
   */
  | { readonly kind: "overloaded"; readonly retryAfterMs: number; readonly message: string }
  /** Other writers have all places of this lane: move to the next one. */
  | { readonly kind: "laneFull" }
  /** No batcher runs: start one and send again. */
  | { readonly kind: "start" }
  /**
   * Send again after a short back-off. `cap`: the server's limit of Updates in flight refused it. `fresh`: the run that
   * knew the Update id has ended or ignores it from now on, so take a new id; the request ids make that safe.
   * `aborted`: the server dropped it before the batcher saw it, because other Updates met the limit. `refused`: the
   * batcher's validator refused it.
   */
  | {
    readonly kind: "again";
    readonly cap: boolean;
    readonly fresh: boolean;
    readonly aborted?: true;
    readonly refused?: true;
    readonly message: string;
  }
  /** The run takes no more Updates: it is at its limit, or its workflow task fails. Ask it to continue as new. */
  | { readonly kind: "runSpent"; readonly message: string }
  /** Not admitted: the worker cannot read the body at the moment. Wait, then send again with a new copy of it. */
  | { readonly kind: "bodyUnread"; readonly message: string }
  /** Not admitted: the store does not have the body. */
  | { readonly kind: "bodyMissing"; readonly message: string }
  /**
   * Wrong set-up: no retry can help. `refused`: the server refused the Update. Otherwise, for example when an answer
   * cannot be decoded, the batcher may have admitted it.
   */
  | { readonly kind: "setup"; readonly refused: boolean; readonly message: string };

// gRPC status codes, as https://grpc.io/docs/guides/status-codes/ numbers them.
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

const SETUP_ADVICE: ReadonlyMap<number, string> = new Map([
  [INVALID_ARGUMENT, "the server refused the request; check that client and server fit together"],
  [PERMISSION_DENIED, "check that the credentials may use this namespace"],
  [UNIMPLEMENTED, "the server does not know Workflow Update; use Temporal 1.25 or newer"],
  [UNAUTHENTICATED, "check the API key or the client certificate"],
]);

/** Classifies the error of an Update, or of the start of its batcher. */
export function classifyFailure(error: unknown): FailureAction {
  if (error instanceof WorkflowUpdateFailedError) return classifyUpdateFailure(error);
  if (error instanceof WorkflowNotFoundError) return { kind: "start" };
  if (error instanceof NamespaceNotFoundError) {
    return {
      kind: "setup",
      refused: true,
      message: `namespace ${JSON.stringify(error.namespace)} does not exist on this server`,
    };
  }
  const body = bodyErrorIn(error);
  if (body !== undefined) return classifyBodyFailure(body);
  const grpc = grpcError(error);
  if (grpc === undefined) {
    // An error that is not an answer of the server is a fault on this side, unless the connection itself gave up.
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return again(error);
    return { kind: "setup", refused: false, message: shortMessage(error) };
  }
  const advice = SETUP_ADVICE.get(grpc.code);
  if (advice !== undefined) return { kind: "setup", refused: true, message: `${textOf(grpc)}: ${advice}` };
  if (grpc.code === RESOURCE_EXHAUSTED) return { ...again(error), cap: isCap(grpc) };
  if (grpc.code === UNAVAILABLE && isOfUpdate(grpc)) return { ...again(error), aborted: true };
  if (grpc.code === FAILED_PRECONDITION) return { kind: "runSpent", message: shortMessage(textOf(grpc)) };
  return again(error);
}

/**
 * Classifies the error of the wait for an Update that the server has accepted.
 *
 * Only the batcher's own answer can say that such an Update was refused.
 */
export function classifyWaitFailure(error: unknown): FailureAction {
  const action = classifyFailure(error);
  if (error instanceof WorkflowUpdateFailedError) return action;
  switch (action.kind) {
    case "setup":
      return { ...action, refused: false };
    case "start":
      return { kind: "again", cap: false, fresh: true, message: "the server no longer knows the Update" };
    case "again":
    case "runSpent":
      return { kind: "again", cap: false, fresh: false, message: action.message };
    default:
      return action;
  }
}

/** Whether the Update was certainly not admitted. */
export function wasRefused(action: FailureAction): boolean {
  switch (action.kind) {
    case "conflict":
    case "bodyMissing":
    case "bodyUnread":
    case "invalid":
    case "laneFull":
    case "overloaded":
      return true;
    case "again":
      return action.cap || action.refused === true;
    case "setup":
      return action.refused;
    case "answered":
    case "runSpent":
    case "start":
      // A batcher that was terminated during a flush gives the same error as one that never ran.
      return false;
  }
}

function again(error: unknown): FailureAction & { readonly kind: "again" } {
  const grpc = grpcError(error);
  const text = grpc === undefined ? error : textOf(grpc);
  const message = grpc?.code === UNAVAILABLE && !isOfUpdate(grpc) ? `the server cannot be reached: ${text}` : text;
  return { kind: "again", cap: false, fresh: false, message: shortMessage(message) };
}

/** Classifies an error with a body on this side: that of the outgoing Update, or that of the answer. */
function classifyBodyFailure({ problem, message }: BodyError): FailureAction {
  // The answer exists, and the same Update id asks for it once more.
  if (problem === "unreadable") return { kind: "again", cap: false, fresh: false, message };
  return { kind: "setup", refused: problem === "not stored", message };
}

function classifyUpdateFailure({ cause }: WorkflowUpdateFailedError): FailureAction {
  if (!(cause instanceof ApplicationFailure)) return { ...again(cause), fresh: true };
  const details = cause.details?.[0];
  switch (cause.type) {
    case FAILURE.ALREADY_COMMITTED:
      return { kind: "answered", runs: (details as SubmitWritesAnswer).runs };
    case FAILURE.REQUEST_ID_CONFLICT:
      return { kind: "conflict", requestIds: (details as ConflictDetails).requestIds };
    case FAILURE.LANE_FULL:
      return { kind: "laneFull" };
    case FAILURE.OVERLOADED:
    case FAILURE.WRITER_BUSY:
      return {
        kind: "overloaded",
        retryAfterMs: (details as OverloadedDetails).retryAfterMs,
        message: cause.message,
      };
    case FAILURE.INVALID_WRITE:
      return { kind: "invalid", message: cause.message };
    case FAILURE.PARTS_MISSING:
      return { kind: "again", cap: false, fresh: true, refused: true, message: cause.message };
    case FAILURE.BODY_MISSING:
      return { kind: "bodyMissing", message: cause.message };
    case FAILURE.BODY_UNREADABLE:
      return { kind: "bodyUnread", message: cause.message };
    case FAILURE.BODY_STORAGE_UNCONFIGURED:
      return { kind: "setup", refused: true, message: cause.message };
    default:
      // `UnprocessedUpdate` and `AcceptedUpdateCompletedWorkflow`: the task or the run ended before the Update.
      return { ...again(cause), fresh: true };
  }
}

interface GrpcError {
  readonly code: number;
  readonly message: string;
  readonly details: string;
  readonly metadata: { get(key: string): unknown[] };
}

function grpcError(error: unknown): GrpcError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (isGrpcServiceError(at)) return at as unknown as GrpcError;
  }
  return undefined;
}

/** The server's text. The SDK's native connections leave `details` empty; for an Update with start it is binary. */
function textOf(error: GrpcError): string {
  return isOfUpdate(error) ? error.message : error.details || error.message;
}

const STATUS_DETAILS = "grpc-status-details-bin";

/** Whether the limit of Updates in flight refused the Update, and not a closing run or a rate limit. */
function isCap(error: GrpcError): boolean {
  const { ResourceExhaustedFailure } = proto.temporal.api.errordetails.v1;
  const { RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT } = proto.temporal.api.enums.v1.ResourceExhaustedCause;
  return hasDetail(
    error,
    "ResourceExhaustedFailure",
    (value) => ResourceExhaustedFailure.decode(value).cause === RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT,
  );
}

/** Whether the server itself failed one of the two operations of an Update with start: the connection is intact. */
function isOfUpdate(error: GrpcError): boolean {
  return hasDetail(error, "MultiOperationExecutionFailure", () => true);
}

/** Looks for a detail in a status and in the statuses of the two operations of an Update with start. */
function hasDetail({ metadata }: GrpcError, name: string, holds: (value: Uint8Array) => boolean): boolean {
  const [status] = metadata.get(STATUS_DETAILS);
  if (!(status instanceof Uint8Array)) return false;
  const { MultiOperationExecutionFailure } = proto.temporal.api.errordetails.v1;
  const isIt = ({ type_url, value }: Detail): boolean => {
    if (!(value instanceof Uint8Array)) return false;
    if (type_url?.endsWith(`.${name}`) && holds(value)) return true;
    return type_url?.endsWith(".MultiOperationExecutionFailure") === true &&
      MultiOperationExecutionFailure.decode(value).statuses.some(({ details }) => details?.some(isIt));
  };
  try {
    return proto.google.rpc.Status.decode(status).details.some(isIt);
  } catch {
    // A proxy may have cut the details short. The answer is still valid, it only says less.
    return false;
  }
}

/** A message in the details of a gRPC status. */
interface Detail {
  readonly type_url?: string | null;
  readonly value?: Uint8Array | null;
}

/** After a refusal by the server's limit of Updates in flight, the other Updates need time to finish. */
const BACK_OFF_CAP_MIN_MS = 30;
/** Most other failures are brief: a run that ends, a lost cache. The doubling covers longer ones. */
const BACK_OFF_MIN_MS = 8;
const BACK_OFF_MAX_MS = 2_000;

/** How long to wait before the next try: from 8 ms, or 30 ms at the cap, to 2 s, doubling, half of it random. */
export function backOffMs(attempt: number, cap: boolean, random: () => number = Math.random): number {
  const ceiling = Math.min(BACK_OFF_MAX_MS, (cap ? BACK_OFF_CAP_MIN_MS : BACK_OFF_MIN_MS) * 2 ** (attempt - 1));
  return ceiling / 2 + random() * ceiling / 2;
}
