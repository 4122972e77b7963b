/**
 * Ages, as flags name them.
 *
 * @module
 */
import { UsageError } from "./command.ts";

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Reads an age such as `30d`, in milliseconds. */
export function ageMsOf(flag: string, age: string): number {
  const [, amount, unit] = /^(\d{1,6})([mhdw])$/.exec(age) ?? [];
  const ageMs = Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (ageMs > 0 && ageMs < Date.now()) return ageMs;
  throw new UsageError(`${flag} must be an age such as 90m, 36h, 30d or 8w: it is ${JSON.stringify(age)}`);
}
