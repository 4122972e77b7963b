/**
 * One line on stderr for each event that matters.
 *
 * @module
 */
import { shownLine } from "./shown_line.ts";

/** Levels, most talkative first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** How much a log tells. */
export type Level = (typeof LOG_LEVELS)[number];

/** Writes events at or above its level. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Makes a log that writes `TIME LEVEL MESSAGE` lines, and no character that a terminal would obey. */
export function createLog(level: Level, write: (line: string) => void = (line) => console.error(line)): Log {
  const threshold = LOG_LEVELS.indexOf(level);
  const at = (name: Level) => (message: string) => {
    if (LOG_LEVELS.indexOf(name) < threshold) return;
    write(
      `${new Date().toISOString()} ${name.toUpperCase().padEnd(5)} ${
        shownLine(message.replaceAll(/\s*[\r\n]\s*/g, " | "))
      }`,
    );
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** How long a message that was told is not told again. */
const REPEAT_AFTER_MS = 60_000;

/** Tells each message at most once a minute. */
export function withoutRepeats(
  tell: (message: string) => void,
  nowMs: () => number = () => performance.now(),
): (message: string) => void {
  /** The oldest first. */
  const toldAtMs = new Map<string, number>();
  return (message) => {
    const now = nowMs();
    for (const [told, atMs] of toldAtMs) {
      if (now - atMs < REPEAT_AFTER_MS) break;
      toldAtMs.delete(told);
    }
    if (toldAtMs.has(message)) return;
    toldAtMs.set(message, now);
    tell(message);
  };
}
