/**
 * How many bytes the completion of each workflow task of this process takes on its way to the server.
 *
 * A history does not tell: the SDK sends the request of a refused Update back as well, and the server drops it.
 *
 * @module
 */
import proto from "@temporalio/proto";
import { Worker } from "@temporalio/worker";

const { workflow_activation: activations, workflow_completion: completions } = proto.coresdk;
const { Payload } = proto.temporal.api.common.v1;

/** The two calls between the SDK's worker and its native core that carry workflow tasks. */
interface NativeWorker {
  pollWorkflowActivation(): Promise<ArrayBuffer>;
  completeWorkflowActivation(completion: ArrayBuffer): Promise<void>;
}

/** Where the SDK makes its native workers: hidden from its types. */
interface NativeWorkerFactory {
  nativeWorkerCtor: { create(...options: unknown[]): Promise<NativeWorker> };
}

/** The task of a run that is not completed yet. */
interface OpenTask {
  readonly historyLength: number;
  bytes: number;
}

/** Meters every worker that this process creates from now on. */
export class TaskMeter implements Disposable {
  readonly #factory = Worker as unknown as NativeWorkerFactory;
  readonly #original = this.#factory.nativeWorkerCtor;
  readonly #open = new Map<string, OpenTask>();
  /** Of the largest task so far. */
  bytesMax = 0;
  /** Tasks that the worker itself failed. */
  failures = 0;

  constructor() {
    this.#factory.nativeWorkerCtor = {
      create: async (...options) => this.#meter(await this.#original.create(...options)),
    };
  }

  #meter(worker: NativeWorker): NativeWorker {
    const { pollWorkflowActivation, completeWorkflowActivation } = worker;
    worker.pollWorkflowActivation = async () => {
      const activation = await pollWorkflowActivation();
      this.#count(new Uint8Array(activation));
      return activation;
    };
    worker.completeWorkflowActivation = (completion) => {
      this.#countCompletion(new Uint8Array(completion));
      return completeWorkflowActivation(completion);
    };
    return worker;
  }

  /** What the core adds by itself: the request of each Update, and a marker for each local activity that has ended. */
  #count(bytes: Uint8Array): void {
    const { runId, historyLength, jobs, isReplaying } = activations.WorkflowActivation.decode(bytes);
    if (isReplaying) return;
    let task = this.#open.get(runId!);
    // A task that only refuses Updates leaves no event. But Updates come at the start of a task only.
    if (task?.historyLength !== historyLength || jobs?.some(({ doUpdate }) => doUpdate)) {
      this.#open.set(runId!, task = { historyLength: historyLength!, bytes: 0 });
    }
    for (const { doUpdate, resolveActivity, removeFromCache } of jobs ?? []) {
      for (const payload of doUpdate?.input ?? []) task.bytes += payloadBytes(payload);
      if (resolveActivity?.isLocal) task.bytes += payloadBytes(resolveActivity.result?.completed?.result);
      if (removeFromCache) this.#open.delete(runId!);
    }
    this.bytesMax = Math.max(this.bytesMax, task.bytes);
  }

  /** What the workflow sends: answers and refusals, inputs of activities, snapshots. Local activities are not sent. */
  #countCompletion(bytes: Uint8Array): void {
    const { runId, successful, failed } = completions.WorkflowActivationCompletion.decodeDelimited(bytes);
    if (failed) this.failures++;
    const task = this.#open.get(runId!);
    if (task === undefined || !successful) return;
    const commands = successful.commands?.filter(({ scheduleLocalActivity }) => !scheduleLocalActivity);
    task.bytes += completions.Success.encode({ commands }).finish().length;
    this.bytesMax = Math.max(this.bytesMax, task.bytes);
  }

  [Symbol.dispose](): void {
    this.#factory.nativeWorkerCtor = this.#original;
  }
}

function payloadBytes(payload: proto.temporal.api.common.v1.IPayload | null | undefined): number {
  return payload ? Payload.encode(payload).finish().length : 0;
}
