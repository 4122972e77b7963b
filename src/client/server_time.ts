/** A timestamp or a duration of the server, as the protocol has it. */
export interface ServerTime {
  readonly seconds?: unknown;
  readonly nanos?: number | null;
}

/** Milliseconds of a timestamp, since 1970, or of a duration, with their fraction. */
export function msOf(time: ServerTime | null | undefined): number {
  return Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1_000_000;
}
