/**
 * One line on stderr for each event that matters.
 *
 * @module
 */
import { DefaultLogger, type LogLevel, Runtime } from "@temporalio/worker";
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

let runtimeInstalled = false;

/**
 * Sends what the SDK has to say to a log, and leaves signals to us: a worker is shut down by whoever started it.
 *
 * The SDK has one runtime for each process, so only the first call counts.
 */
export function installRuntime(log: Log, level: Level): void {
  if (runtimeInstalled) return;
  runtimeInstalled = true;
  const sdkLevel = level.toUpperCase() as LogLevel;
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger(sdkLevel, ({ level, message, meta }) => {
      const error = meta?.error instanceof Error ? `: ${meta.error.message}` : "";
      const write = { TRACE: log.debug, DEBUG: log.debug, INFO: log.debug, WARN: log.warn, ERROR: log.error }[level];
      write(`temporal: ${message}${error}`);
    }),
    telemetryOptions: {
      logging: { filter: { core: sdkLevel === "DEBUG" ? "INFO" : "ERROR", other: "ERROR" }, forward: {} },
    },
  });
}
