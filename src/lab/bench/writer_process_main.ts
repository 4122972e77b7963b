/**
 * The other side of `writer_process.ts`.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { openBodyStorage } from "../../bodies/open_body_storage.ts";
import { canonicalJson, writeDigest } from "../../client/canonical_json.ts";
import { BatchWriter } from "../../client/batch_writer.ts";
import { connectClient, connectWriterClient } from "../../client/connection.ts";
import { PROTOCOL_VERSION, type SubmitWritesAnswer, type SubmitWritesArgs } from "../../protocol/messages.ts";
import { batcherWorkflowId, SUBMIT_WRITES_UPDATE } from "../../protocol/names.ts";
import type { Write } from "../../protocol/write.ts";
import { createLog } from "../../worker/log.ts";
import { installRuntime } from "../../worker/runtime.ts";
import { pause } from "../harness/waiting.ts";
import { runClosedLoop, sizedRow } from "./closed_loop.ts";
import type { WriterProcessInput, WriterProcessOutput } from "./writer_process.ts";

// Standard output is for the result.
installRuntime(createLog("error"), "error");
const input: WriterProcessInput = JSON.parse(Deno.args[0]);
const { address, name, taskQueue, bodyStorage } = input;
const dataConverter = bodyStorage === undefined ? undefined : { externalStorage: await openBodyStorage(bodyStorage) };
await using connected = await (input.kind === "naive" ? connectClient : connectWriterClient)({
  address,
  dataConverter,
});
const { client } = connected;
await using writer = new BatchWriter({ ...input.batching, client, name, taskQueue });
/** Ids of writers without an Update in flight: a batcher takes one Update of a writer at a time. */
const naiveWriterIds: string[] = [];
let naiveUpdates = 0;

/** One Update for one write: what comes to mind first. */
async function writeNaively({ requestId, data }: Write): Promise<SubmitWritesAnswer> {
  const line = canonicalJson(data);
  const writer = naiveWriterIds.pop() ?? randomUUID();
  const header = {
    version: PROTOCOL_VERSION,
    writer,
    ids: [requestId],
    digests: writeDigest(line, null),
  };
  naiveUpdates++;
  const answer = await client.workflow.getHandle(batcherWorkflowId(name, 0, 0)).executeUpdate<
    SubmitWritesAnswer,
    SubmitWritesArgs
  >(
    SUBMIT_WRITES_UPDATE,
    { args: [header, new TextEncoder().encode(line)] },
  );
  naiveWriterIds.push(writer);
  return answer;
}

const send = input.kind === "naive" ? writeNaively : writer.write.bind(writer);
// A connection is ready for load once it has answered.
await client.workflowService.getSystemInfo({});
console.log("ready");
await Deno.stdin.read(new Uint8Array(16));
let duplicates = 0;
const result = await runClosedLoop({
  callers: input.callers,
  ...(input.rowBytes !== undefined && { row: (n) => sizedRow(n, input.rowBytes!) }),
  durationMs: input.durationMs,
  warmUpMs: input.warmUpMs,
  prefix: input.prefix,
  write: async (write) => {
    const answer = await send(write);
    if ("status" in answer && answer.status === "duplicate") duplicates++;
  },
  ...(input.pauseMs !== undefined && { pause: () => pause(input.pauseMs!) }),
});
const output: WriterProcessOutput = {
  answered: result.answered,
  failed: result.failed,
  ...(result.failure !== undefined && { failure: result.failure }),
  duplicates,
  seconds: result.seconds,
  capErrors: writer.stats.capErrors,
  updates: writer.stats.updates + naiveUpdates,
  lanes: writer.batchers,
  latencies: result.latencies.encode(),
  earlyLatencies: result.earlyLatencies.encode(),
};
console.log(JSON.stringify(output));
