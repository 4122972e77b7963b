/**
 * Updates as a writer of another make might send them.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import { canonicalJson, writeDigest } from "../../src/client/canonical_json.ts";
import { PROTOCOL_VERSION, type SubmitWritesAnswer, type SubmitWritesArgs } from "../../src/protocol/messages.ts";
import { SUBMIT_WRITES_UPDATE } from "../../src/protocol/names.ts";
import type { Write } from "../../src/protocol/write.ts";
import type { Lab } from "./lab.ts";

/** The arguments that a well-behaved writer sends for these writes. */
export function submissionOf(writes: readonly Write[]): SubmitWritesArgs {
  const lines = writes.map(({ data }) => canonicalJson(data));
  const ids = writes.map(({ requestId }) => requestId);
  const digests = lines.map((line, i) => writeDigest(line, writes[i].partitionKey ?? null)).join("");
  return [{ version: PROTOCOL_VERSION, writer: "raw", ids, digests }, new TextEncoder().encode(lines.join("\n"))];
}

/** Sends an Update, well-formed or not, to the first batcher of this name, which must run. */
export function submitRaw(
  lab: Lab,
  name: string,
  args: readonly unknown[],
  client: Client = lab.client,
): Promise<SubmitWritesAnswer> {
  const handle = client.workflow.getHandle(lab.batcher(name).workflowId);
  return handle.executeUpdate<SubmitWritesAnswer, SubmitWritesArgs>(SUBMIT_WRITES_UPDATE, {
    args: args as SubmitWritesArgs,
  });
}
