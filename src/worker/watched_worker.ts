/**
 * Workers that tell which workflow tasks fail, and why.
 *
 * The SDK reports a failing task to the server, and logs it, at its first attempt only. A worker that meets a later attempt
 * first, after a restart for instance, is silent about it.
 *
 * @module
 */
import proto from "@temporalio/proto";
import { Worker, type WorkerOptions } from "@temporalio/worker";
import { shortMessage } from "../protocol/failures.ts";
import { type Log, withoutRepeats } from "./log.ts";

/** One failed attempt of a workflow task. */
export interface TaskFailure {
  /** Id of the workflow, or of its run where the workflow could not even be created. */
  readonly workflowId: string;
  readonly message: string;
}

/** Tells about each failed attempt of a workflow task. */
class WatchedWorker extends Worker {
  onTaskFailure: (failure: TaskFailure) => void = () => {};

  /** Never rejects: an error in the handling of an activation ends the worker. */
  async tell(failure: TaskFailure): Promise<void> {
    try {
      await this.onTaskFailure(failure);
    } catch (error) {
      this.logger.error("'onTaskFailure' failed", { error });
    }
  }
}

/** What the SDK hands to a worker, as far as this module looks at it. */
interface Activation {
  readonly runId: string;
  readonly jobs: readonly {
    readonly removeFromCache?: { readonly reason?: number | null; readonly message?: string | null } | null;
  }[];
}

/** The method that all activations go through: protected, with types that the SDK does not export. */
interface ActivationHandler {
  handleActivation(
    workflow: { readonly logAttributes: Record<string, unknown> } | undefined,
    input: { readonly activation: Activation },
  ): Promise<unknown>;
}

const { EvictionReason } = proto.coresdk.workflow_activation.RemoveFromCache;
const { handleActivation } = Worker.prototype as unknown as ActivationHandler;
(WatchedWorker.prototype as unknown as ActivationHandler).handleActivation = function (workflow, input) {
  const { runId, jobs } = input.activation;
  // After each failed attempt, and not only after the first, the workflow is removed from the cache.
  const removal = jobs.find(({ removeFromCache }) => removeFromCache)?.removeFromCache;
  if (removal?.reason === EvictionReason.LANG_FAIL || removal?.reason === EvictionReason.NONDETERMINISM) {
    const workflowId = String(workflow?.logAttributes.workflowId ?? `of run ${runId}`);
    void (this as unknown as WatchedWorker).tell({ workflowId, message: messageIn(removal.message ?? "") });
  }
  return handleActivation.call(this, workflow, input);
};

/** The message of a failure in the debug format of the SDK's core, which holds it as a quoted string. */
function messageIn(text: string): string {
  const quoted = /\bmessage: "((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  return shortMessage(quoted?.replaceAll(/\\(["'\\])/g, "$1") ?? text);
}

/** Creates a worker that tells about each failed attempt of a workflow task. */
export async function createWatchedWorker(
  options: WorkerOptions,
  onTaskFailure: ((failure: TaskFailure) => void) | undefined,
): Promise<Worker> {
  const worker = await WatchedWorker.create(options) as WatchedWorker;
  if (onTaskFailure) worker.onTaskFailure = onTaskFailure;
  return worker;
}

/** Logs failed attempts: a line for each workflow and reason, and no more than one a minute. */
export function logTaskFailure(log: Log): (failure: TaskFailure) => void {
  const warn = withoutRepeats(log.warn);
  return ({ workflowId, message }) =>
    warn(`The workflow task of ${workflowId} fails, and is tried again until it succeeds: ${message}`);
}
