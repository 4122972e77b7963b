/**
 * What each failure of an Update means, and what the writer does about it.
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
  /** These writes alone fail; the others go again. */
  | { readonly kind: "conflict"; readonly requestIds: readonly string[] }
  /** The batcher found the Update malformed: a fault between two versions of this code, or of a foreign writer. */
  | { readonly kind: "invalid"; readonly message: string }
  /** Not admitted, because the batcher is full, rolls over or still has an Update of this writer; go again after a wait. */
  | { readonly kind: "overloaded"; readonly retryAfterMs: number; readonly message: string }
  /** Other writers have all places of this lane: go to the next one. */
  | { readonly kind: "laneFull" }
  /** No batcher runs: start one, then go again. */
  | { readonly kind: "start" }
  /**
   * Go again after a short back-off. `cap`: the server's limit of Updates in flight turned it away. `fresh`: the run that
   * knew the Update id has ended or will not look at it again, so take a new one; the request ids make that safe.
   * `aborted`: the server let it go before the batcher saw it, which it does where others meet the limit. `refused`: the
   * batcher's validator turned it away.
   */
  | {
    readonly kind: "again";
    readonly cap: boolean;
    readonly fresh: boolean;
    readonly aborted?: true;
    readonly refused?: true;
    readonly message: string;
  }
  /** The run takes no more Updates: it is at its limit of them, or its workflow task fails. Ask it to roll over. */
  | { readonly kind: "runSpent"; readonly message: string }
  /** Not admitted: the worker cannot read the body at the moment; go again after a wait, with another copy. */
  | { readonly kind: "bodyUnread"; readonly message: string }
  /** Not admitted: the store does not have the body. */
  | { readonly kind: "bodyMissing"; readonly message: string }
  /**
   * Set-up: no retry can help. `refused`: the server said so. Without its word, as when an answer cannot be decoded, the
   * Update may have got through.
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

/** Judges the error that an Update, or the start of its batcher, was answered with. */
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
    // An error without a gRPC code is a fault of this process, unless the connection itself failed.
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
 * Judges the error that the wait for an Update was answered with, of which the server has said that it knows it.
 *
 * No error of such a wait says that the Update was refused, other than the batcher's own answer.
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

/** Whether an Update that was judged so has certainly not been admitted, whatever else the server knows. */
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
      // A batcher that is terminated while its flush runs answers as one that never was: the writes may be stored.
      return false;
  }
}

function again(error: unknown): FailureAction & { readonly kind: "again" } {
  const grpc = grpcError(error);
  const text = grpc === undefined ? error : textOf(grpc);
  const message = grpc?.code === UNAVAILABLE && !isOfUpdate(grpc) ? `the server cannot be reached: ${text}` : text;
  return { kind: "again", cap: false, fresh: false, message: shortMessage(message) };
}

/** Judges what went wrong with a body on this side: with the Update's on its way out, or with the answer's. */
function classifyBodyFailure({ problem, message }: BodyError): FailureAction {
  // The answer is there, and the same Update id again asks for it once more.
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
      // `UnprocessedUpdate` and `AcceptedUpdateCompletedWorkflow`: the task or the run ended under the Update.
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

/** What the server said. The SDK's native connections leave `details` empty; for two operations in one it is binary. */
function textOf(error: GrpcError): string {
  return isOfUpdate(error) ? error.message : error.details || error.message;
}

const STATUS_DETAILS = "grpc-status-details-bin";

/** Whether the limit of Updates in flight, and not a closing run or a rate limit, turned the Update away. */
function isCap(error: GrpcError): boolean {
  const { ResourceExhaustedFailure } = proto.temporal.api.errordetails.v1;
  const { RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT } = proto.temporal.api.enums.v1.ResourceExhaustedCause;
  return hasDetail(
    error,
    "ResourceExhaustedFailure",
    (value) => ResourceExhaustedFailure.decode(value).cause === RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT,
  );
}

/** Whether the server answered for one of the two operations of an Update with start, and no connection was lost. */
function isOfUpdate(error: GrpcError): boolean {
  return hasDetail(error, "MultiOperationExecutionFailure", () => true);
}

/** Looks for a detail of a status, and in those of the two operations of an Update with start. */
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
    // A proxy may have cut the details short; without them it is an answer that says less, and no other one.
    return false;
  }
}

/** A message in the details of a gRPC status. */
interface Detail {
  readonly type_url?: string | null;
  readonly value?: Uint8Array | null;
}

/** Where the server's limit of Updates in flight turned an Update away, others need the time that it leaves them. */
const BACK_OFF_CAP_MIN_MS = 30;
/** Most other failures are over in a moment: a run that ends, a lost cache. Who is longer away meets the doubling. */
const BACK_OFF_MIN_MS = 8;
const BACK_OFF_MAX_MS = 2_000;

/** How long to wait before the next try: from 8 ms, or 30 ms at the cap, to 2 s, doubled each time, half of it by chance. */
export function backOffMs(attempt: number, cap: boolean, random: () => number = Math.random): number {
  const ceiling = Math.min(BACK_OFF_MAX_MS, (cap ? BACK_OFF_CAP_MIN_MS : BACK_OFF_MIN_MS) * 2 ** (attempt - 1));
  return ceiling / 2 + random() * ceiling / 2;
}
