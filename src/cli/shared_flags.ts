/**
 * Flags that several commands have.
 *
 * @module
 */
import type { DataConverter } from "@temporalio/common";
import { openBodyStorage } from "../bodies/open_body_storage.ts";
import { DEFAULT_ADDRESS } from "../client/connection.ts";
import { batcherNameProblem } from "../protocol/check.ts";
import { DEFAULT_BATCHER_NAME, taskQueuesOf } from "../protocol/names.ts";
import {
  BATCHING_BOUNDS,
  BATCHING_DEFAULTS,
  type BatchingOptions,
  PRESETS,
  resolveBatchingOptions,
} from "../protocol/options.ts";
import { shellFlag } from "../protocol/shell_flag.ts";
import { DEFAULT_SINK_SPEC, openSink, type OpenSinkOptions, parseSinkSpec } from "../sinks/open_sink.ts";
import type { Sink } from "../sinks/sink.ts";
import { LOG_LEVELS } from "../worker/log.ts";
import { UsageError } from "./command.ts";

/** Where the batches go. */
export const sinkFlag = {
  sink: {
    type: "text",
    value: "SINK",
    help: `Where the rows go: sqlite:FILE or postgres://… (default: SINK_URL, or ${DEFAULT_SINK_SPEC})`,
  },
} as const;

/** Where large rows are stored on their way. */
export const bodyStorageFlag = {
  "body-storage": {
    type: "text",
    value: "STORE",
    help: "Keep large payloads out of the history: file:DIR or s3://BUCKET/PREFIX, the same for writers and workers " +
      "(default: BODY_STORAGE, or all inline)",
  },
} as const;

/** Makes the flag of an option. */
function batchingFlag(option: keyof BatchingOptions, help: string) {
  const [min, max] = BATCHING_BOUNDS[option];
  return { type: "number", min, max, help: `${help} (default: ${BATCHING_DEFAULTS[option]})` } as const;
}

/** How writes are batched. A flag that is not given is not an option of the writer, which has its own default. */
export const batchingFlags = {
  preset: {
    type: "text",
    choices: Object.keys(PRESETS),
    value: "NAME",
    help: `Named policy; 'seed' is ${PRESETS.seed.maxBatchWrites} writes or ${PRESETS.seed.windowMs / 1_000} s, ` +
      "whichever is first",
  },
  "max-batch-writes": batchingFlag("maxBatchWrites", "Writes in one flush"),
  "window-ms": batchingFlag("windowMs", "Hold writes until the next multiple of this; 0 holds none"),
  "gather-ms": batchingFlag("gatherMs", "Let a batcher wait so long for other writers before it flushes"),
  shards: batchingFlag("shards", "Shards; the same for every writer"),
  "writers-max": batchingFlag(
    "writersMax",
    `Writers of one batcher; more than ${BATCHING_DEFAULTS.writersMax} needs a server with a raised ` +
      "history.maxInFlightUpdates",
  ),
  "confirmation-timeout-ms": batchingFlag("confirmationTimeoutMs", "How long a caller waits for its receipt"),
} as const;

/** How much is told on stderr. */
export const logFlag = {
  "log-level": { type: "text", choices: LOG_LEVELS, default: "info", help: "How much to tell on stderr" },
} as const;

/** Where the server is. */
export const addressFlag = {
  address: {
    type: "text",
    value: "HOST:PORT",
    help: `Temporal server (default: TEMPORAL_ADDRESS, a profile, or ${DEFAULT_ADDRESS})`,
  },
} as const;

/** Where the server is, and which part of it. */
export const serverFlags = {
  ...addressFlag,
  namespace: {
    type: "text",
    value: "NAME",
    help: "Namespace of the server (default: TEMPORAL_NAMESPACE, a profile, or 'default')",
  },
} as const;

/** Which batchers. */
export const nameFlag = {
  name: {
    type: "text",
    value: "NAME",
    default: DEFAULT_BATCHER_NAME,
    help: "Name of the batchers; each name has task queues of its own, so that two projects can share a server",
  },
} as const;

/** Checks the name of batchers, and says which task queues are theirs. */
export function namedQueues(name: string): { name: string; main: string; batcher: string; worker: string } {
  const problem = batcherNameProblem(name, "--name");
  if (problem !== undefined) throw new UsageError(problem);
  const worker = name === DEFAULT_BATCHER_NAME ? "deno task worker" : `deno task worker ${shellFlag("--name", name)}`;
  return { name, ...taskQueuesOf(name), worker };
}

/** Turns the flags of {@linkcode batchingFlags} into options. */
export function batchingOf(flags: {
  readonly preset: string | undefined;
  readonly "max-batch-writes": number | undefined;
  readonly "window-ms": number | undefined;
  readonly "gather-ms": number | undefined;
  readonly shards: number | undefined;
  readonly "writers-max": number | undefined;
  readonly "confirmation-timeout-ms": number | undefined;
}): BatchingOptions {
  const given = {
    maxBatchWrites: flags["max-batch-writes"],
    windowMs: flags["window-ms"],
    gatherMs: flags["gather-ms"],
    shards: flags.shards,
    writersMax: flags["writers-max"],
    confirmationTimeoutMs: flags["confirmation-timeout-ms"],
  };
  const options = {
    ...(flags.preset !== undefined && PRESETS[flags.preset as keyof typeof PRESETS]),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
  try {
    resolveBatchingOptions(options);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return options;
}

/** Checks the first argument of a command that does several things. */
export function actionOf<A extends string>(given: string, actions: readonly A[]): A {
  const action = actions.find((name) => name === given);
  if (action === undefined) throw new UsageError(`Unknown action ${given}: it must be one of ${actions.join(", ")}`);
  return action;
}

/**
 * Checks a sink's address and returns it: that of the flag, else of the environment's `SINK_URL`, which does not show in
 * a list of processes as the flag does, password and all.
 */
export function sinkSpecOf(given: string | undefined): string {
  // A variable that is set to nothing is how a shell unsets it for one command.
  const spec = given ?? (Deno.env.get("SINK_URL") || DEFAULT_SINK_SPEC);
  try {
    parseSinkSpec(spec);
    return spec;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/**
 * Opens the store of bodies that the flag names, else the environment's `BODY_STORAGE`, for a data converter.
 *
 * @returns Nothing where neither names one.
 */
export async function dataConverterOf(given: string | undefined): Promise<DataConverter | undefined> {
  const address = given ?? (Deno.env.get("BODY_STORAGE") || undefined);
  if (address === undefined) return undefined;
  try {
    return { externalStorage: await openBodyStorage(address) };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/**
 * Checks a sink's address now and returns what opens it.
 *
 * @param say Told that a new ledger was created.
 * @param effect What the sink does beside its ledger rows.
 */
export function sinkOpener(
  given: string | undefined,
  say: (message: string) => void,
  effect: OpenSinkOptions = {},
): () => Promise<Sink> {
  const spec = sinkSpecOf(given);
  return () => openSink(spec, { ...effect, onNewLedger: (path) => say(`Created a new ledger at ${path}`) });
}
