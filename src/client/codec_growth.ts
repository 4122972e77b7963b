/**
 * Measures how much larger the payload codecs of a client make a payload.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import type { Payload } from "@temporalio/common";
import { randomBytes } from "node:crypto";
import { LIMITS } from "../protocol/limits.ts";

/** Whether the client has payload codecs. */
export function hasCodec({ options }: Client): boolean {
  return options.loadedDataConverter.payloadCodecs.length > 0;
}

/** Large enough that the fixed bytes which a codec adds to every payload hardly matter. */
const SAMPLE_BYTES = 64 * 1024;

/**
 * Says why a writer cannot keep its Updates within the server's limits with these codecs, or nothing.
 *
 * Rejects if the codec fails, for example because its key server is away.
 */
export async function codecProblem(client: Client): Promise<string | undefined> {
  const metadata = { encoding: new TextEncoder().encode("binary/plain") };
  let payloads: Payload[] = [{ metadata, data: randomBytes(SAMPLE_BYTES) }];
  for (const codec of client.options.loadedDataConverter.payloadCodecs.toReversed()) {
    payloads = await codec.encode(payloads);
  }
  const bytes = payloads.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
  if (bytes <= SAMPLE_BYTES * LIMITS.codecGrowthMax) return undefined;
  return `the payload codec must not make payloads more than ${LIMITS.codecGrowthMax} times as large: ` +
    `it makes ${SAMPLE_BYTES} bytes ${bytes}`;
}
