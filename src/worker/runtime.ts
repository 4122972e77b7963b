import { DefaultLogger, type LogEntry, type LogLevel, Runtime, UnexpectedError } from "@temporalio/worker";
import type { Level, Log } from "./log.ts";

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
    logger: new DefaultLogger(sdkLevel, tellEntry(log)),
    telemetryOptions: {
      logging: { filter: { core: sdkLevel === "DEBUG" ? "INFO" : "ERROR", other: "ERROR" }, forward: {} },
    },
  });
}

/** Tells a log what the SDK logs. */
export function tellEntry(log: Log): (entry: Omit<LogEntry, "timestampNanos">) => void {
  return ({ level, message, meta }) => {
    const error = meta?.error instanceof Error ? `: ${meta.error.message}` : "";
    // The SDK says at each attempt that a workflow task fails. The watched worker says it once, and for which workflow.
    const isTaskFailure = meta?.workflowExists !== undefined && !(meta.error instanceof UnexpectedError);
    const write = { TRACE: log.debug, DEBUG: log.debug, INFO: log.debug, WARN: log.warn, ERROR: log.error }[level];
    (isTaskFailure ? log.debug : write)(`temporal: ${message}${error}`);
  };
}
