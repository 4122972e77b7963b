/**
 * Times of the server.
 *
 * @module
 */
import type { google } from "@temporalio/proto";

/** Milliseconds, with their fraction, since 1970. */
export function msOf(time: google.protobuf.ITimestamp | null | undefined): number {
  return Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6;
}
