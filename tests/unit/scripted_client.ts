/**
 * A client that answers as its script says, and everything that a sender's test needs around it.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import type { UpdateSender, UpdateSenderCounters, UpdateSenderOptions } from "../../src/client/update_sender.ts";
import { PendingCall } from "../../src/client/pending_call.ts";
import type { ReceiptRun, SubmissionHeader, SubmitWritesArgs } from "../../src/protocol/messages.ts";
import { batcherWorkflowId } from "../../src/protocol/names.ts";
import { resolveBatchingOptions } from "../../src/protocol/options.ts";
import { type Failures, failures } from "./temporal_failures.ts";

/** An Update as the server would see it. */
export interface SeenUpdate {
  readonly workflowId: string;
  readonly name: string;
  readonly updateId: string;
  readonly header: SubmissionHeader;
  readonly lines: readonly string[];
}

/** What an Update is answered with; an error is thrown. */
export type Answer = unknown;

export type Step = Answer | ((update: SeenUpdate) => Answer | Promise<Answer>) | Accepted;

/** An Update that the server has accepted. What it is answered with afterwards is the next step of the script. */
class Accepted {}

/** See {@linkcode Accepted}. */
export const accepted = new Accepted();

/** Runs that say "committed" for so many writes. */
export function committed(count: number): { runs: ReceiptRun[] } {
  return { runs: [{ count, status: "committed", batchId: "b", committedAt: "2026-01-01T00:00:00.000Z" }] };
}

interface Sent {
  readonly args: SubmitWritesArgs;
  readonly updateId: string;
}

interface WithStart {
  readonly options: { readonly workflowId: string };
}

export class ScriptedClient {
  readonly updates: SeenUpdate[] = [];
  /** Update ids that were asked for without sending the Update. */
  readonly polls: string[] = [];
  /** Options of the batchers that were to be started along with an Update. */
  readonly starts: unknown[] = [];
  readonly signals: string[] = [];

  constructor(private readonly script: Step[]) {}

  asClient(): Client {
    const next = async (update: SeenUpdate) => {
      if (this.script.length === 0) throw new Error("the script is over");
      return await play(this.script.shift(), update);
    };
    const send = async (workflowId: string, name: string, { args, updateId }: Sent) => {
      const lines = new TextDecoder().decode(args[1]).split("\n");
      const update = { workflowId, name, updateId, header: args[0], lines };
      this.updates.push(update);
      const failure = { error: undefined as unknown };
      const answer = await next(update).catch((error) => {
        // What the batcher itself says comes as the Update's result.
        if ((error as Error).name !== "WorkflowUpdateFailedError") throw error;
        failure.error = error;
      });
      const result = async () => {
        if (failure.error !== undefined) throw failure.error;
        if (answer !== accepted) return answer;
        this.polls.push(updateId);
        return await next(update);
      };
      return { result };
    };
    const startUpdateWithStart = (name: string, sent: Sent & { startWorkflowOperation: WithStart }) => {
      const { options } = sent.startWorkflowOperation;
      this.starts.push(options);
      return send(options.workflowId, name, sent);
    };
    const getHandle = (workflowId: string) => ({
      startUpdate: (name: string, sent: Sent) => send(workflowId, name, sent),
      getUpdateHandle: (updateId: string) => ({
        result: async () => {
          this.polls.push(updateId);
          return await next(this.updates.findLast((update) => update.updateId === updateId)!);
        },
      }),
      signal: async (name: string) => {
        await Promise.resolve();
        this.signals.push(`${name} to ${workflowId}`);
      },
    });
    const withDeadline = (_: number, call: () => Promise<unknown>) => call();
    const options = { loadedDataConverter: { payloadCodecs: [] } };
    return { workflow: { getHandle, startUpdateWithStart }, withDeadline, options } as unknown as Client;
  }

  /** The request ids of each Update. */
  get ids(): readonly (readonly string[])[] {
    return this.updates.map(({ header }) => header.ids);
  }

  /** The batcher of each Update. */
  get batchers(): readonly string[] {
    return this.updates.map(({ workflowId }) => workflowId);
  }

  /** For each Update the number of the first one that had the same Update id. */
  get updateIds(): readonly number[] {
    const all = this.updates.map(({ updateId }) => updateId);
    return all.map((updateId) => all.indexOf(updateId));
  }
}

async function play(step: Step, update: SeenUpdate): Promise<Answer> {
  const answer = typeof step === "function" ? await step(update) : step;
  if (answer instanceof Error) throw answer;
  return answer;
}

/** Calls, what became of each of them, and who was told that they are done. */
export class Calls {
  readonly calls: PendingCall[] = [];
  readonly done: string[] = [];
  readonly #aborts = new Map<string, AbortController>();
  readonly #results: Promise<[string, unknown]>[] = [];

  constructor(ids: readonly string[], keys: Readonly<Record<string, string>> = {}) {
    for (const id of ids) {
      const digest = `digest-of-${id}`.padEnd(22, "_");
      const call = new PendingCall(
        id,
        digest,
        `"${id}"`,
        keys[id] ?? null,
        10,
        (call) => this.done.push(call.requestId),
      );
      const abort = new AbortController();
      this.#aborts.set(id, abort);
      this.#results.push(
        call.wait(60_000, abort.signal).then(
          (receipt) => [id, receipt.status],
          (error) => [id, error],
        ),
      );
      this.calls.push(call);
    }
  }

  /** Lets the caller give up. */
  abandon(id: string): void {
    this.#aborts.get(id)!.abort(new Error(`${id} gave up`));
  }

  /** What each caller got: a status, or `type (outcome)` of its error. Every caller must have got something. */
  async results(): Promise<Record<string, string>> {
    return Object.fromEntries((await Promise.all(this.#results)).map(([id, result]) => [id, describe(result)]));
  }
}

function describe(result: unknown): string {
  if (!(result instanceof Error)) return String(result);
  return "type" in result && "outcome" in result ? `${result.type} (${result.outcome})` : result.message;
}

/** A sender with a script, what it counts, and the errors to write scripts with. */
export async function courierWith(
  makeScript: (failures: Failures) => Step[],
  options: Partial<UpdateSenderOptions> = {},
): Promise<{ client: ScriptedClient; sender: UpdateSender; counters: UpdateSenderCounters }> {
  const errors = await failures();
  const { UpdateSender, newCounters } = await import("../../src/client/update_sender.ts");
  const client = new ScriptedClient(makeScript(errors));
  const counters = options.counters ?? newCounters();
  const sender = new UpdateSender({
    client: client.asClient(),
    taskQueue: "queue",
    workflowIdOf: (lane) => batcherWorkflowId("batcher", 0, lane),
    writerId: "writer",
    batching: resolveBatchingOptions(),
    ...options,
    counters,
  });
  return { client, sender, counters };
}
