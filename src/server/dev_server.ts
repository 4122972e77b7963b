import { checkAddress, configuredAddress, loadConnectConfig } from "../client/connection.ts";
import { fullMessage } from "../client/transport_text.ts";
import { checkTemporal } from "./check_temporal.ts";
import { type DevServerOptions, type ResolvedDevServerOptions, resolveDevServerOptions } from "./dev_server_options.ts";
import { freePort, isListening, LOOPBACK } from "./probe.ts";
import { ServerProcess } from "./server_process.ts";
import { findTemporalBinary } from "./temporal_binary.ts";

export type { DevServerOptions } from "./dev_server_options.ts";
export {
  type FailedSource,
  findTemporalBinary,
  type TemporalBinary,
  TemporalBinaryNotFoundError,
  type TemporalBinaryOptions,
} from "./temporal_binary.ts";

/** The namespace that every dev server has. */
const NAMESPACE = "default";
/** How long a server may take from its start to its first answer. */
const READY_TIMEOUT_MS = 30_000;
/** A dev server picks more free ports for itself, and another process may take one of them first. */
const STARTS_MAX = 3;
const READY_POLL_MS = 50;
/** Bound of one question to a server on this machine. */
const LOCAL_CHECK_TIMEOUT_MS = 2_000;
/** Bound of the question to the server that the environment names. */
const REMOTE_CHECK_TIMEOUT_MS = 10_000;

/** A Temporal server to work with. */
export interface DevServer extends AsyncDisposable {
  /** Host and port, as clients and workers take it. */
  readonly address: string;
  /** The namespace to use. */
  readonly namespace: string;
  /** The Web UI, if we started the server with one. */
  readonly uiUrl?: string;
  /** Whether {@linkcode DevServer.stop} ends it. */
  readonly startedByUs: boolean;
  /** Where the server comes from, for people. */
  readonly source: string;
  /** Process id of a server that we started. */
  readonly pid?: number;
  /**
   * Ends a server that we started: SIGTERM, SIGKILL after 5 s. Does nothing to another one. Can be called again; our
   * process does not end by itself before a server that it started is stopped.
   */
  stop(): Promise<void>;
}

/**
 * Finds a Temporal server, or starts one: the one at `address`, else the one that `TEMPORAL_ADDRESS` or a profile of
 * Temporal's configuration file names, else the one on `port` of this machine, else {@linkcode startDevServer}.
 *
 * What it returns has answered. A server that runs already keeps its own settings: `dbFilename`, `dynamicConfig` and
 * `ui` have no effect on it, which `log` is told. With `port` 0 none is looked for on this machine. A server named by
 * the environment may need TLS or an API key, so connect to it with what `@temporalio/envconfig` loads.
 *
 * @param options Ports, state and where to look.
 * @returns The server; stop it in any case, or declare it with `await using`.
 * @throws {Error} If the server that is named does not answer, something else listens on `port`, or a server cannot be
 * started.
 */
export async function findOrStartDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const resolved = resolveDevServerOptions(options);
  const found = options.address === undefined
    ? await findConfigured() ?? await findRunning(resolved)
    : await takeServer(options.address, "--address");
  if (!found) return await startDevServer(options);
  if (resolved.dbFilename !== undefined || Object.keys(resolved.dynamicConfig).length > 0) {
    resolved.log(`The server at ${found.address} runs with its own database and dynamic configuration`);
  }
  return found;
}

/**
 * Starts a Temporal dev server that listens on the loopback interface, and waits until it answers.
 *
 * It ends with our process at the latest (on Windows unless our process is killed). Ctrl-C does not reach it, so that
 * workers can still shut down.
 *
 * @param options Ports and state.
 * @returns The server; stop it in any case, or declare it with `await using`.
 * @throws {RangeError} If a port is not one.
 * @throws {TemporalBinaryNotFoundError} If there is no executable, with all that was tried.
 * @throws {Error} If the port is taken, the server ends early (with the end of its error output), or it does not answer
 * within 30 s.
 */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const resolved = resolveDevServerOptions(options);
  for (let attempt = 1;; attempt++) {
    try {
      return await startOnce(resolved);
    } catch (error) {
      if (!(error instanceof EarlyExitError) || attempt === STARTS_MAX) throw error;
      resolved.log(`The server ended while it started; trying again (${attempt} of ${STARTS_MAX})`);
    }
  }
}

/** The server that we started is gone before it answered. */
class EarlyExitError extends Error {
  override readonly name = "EarlyExitError";
}

async function startOnce(resolved: ResolvedDevServerOptions): Promise<DevServer> {
  const { log } = resolved;
  const port = resolved.port || freePort();
  if (await isListening(port)) {
    throw new Error(`Cannot start a Temporal server as port ${port} is taken: current value is ${LOOPBACK}:${port}`);
  }
  const uiPort = resolved.ui ? await pickUiPort(resolved) : undefined;
  const { path, source } = await findTemporalBinary(resolved);
  log(`Starting a Temporal server: ${source}`);
  const server = new ServerProcess(path, toArgs(resolved, port, uiPort));
  try {
    await untilServing(server, `${LOOPBACK}:${port}`);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    address: `${LOOPBACK}:${port}`,
    namespace: NAMESPACE,
    uiUrl: uiPort === undefined ? undefined : `http://${LOOPBACK}:${uiPort}`,
    startedByUs: true,
    source,
    pid: server.pid,
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

async function findConfigured(): Promise<DevServer | undefined> {
  const address = configuredAddress();
  if (address === undefined) return undefined;
  return await takeServer(
    address,
    Deno.env.get("TEMPORAL_ADDRESS") ? "TEMPORAL_ADDRESS" : "Temporal's configuration file",
  );
}

/**
 * Takes a server that runs, with the TLS settings, the namespace and the API key of the environment.
 *
 * @param source What names it, for people.
 * @throws {Error} If it does not answer, or the address is malformed.
 */
export async function takeServer(address: string, source: string): Promise<DevServer> {
  checkAddress(address);
  const { connection, namespace } = loadConnectConfig({ address });
  try {
    await checkTemporal(connection, REMOTE_CHECK_TIMEOUT_MS, namespace);
  } catch (cause) {
    const message = `Cannot use the Temporal server that ${source} names as it does not answer`;
    throw new Error(`${message}: current value is ${address}, namespace ${namespace} (${reasonOf(cause, address)})`, {
      cause,
    });
  }
  return runningServer(address, namespace, `from ${source} (${address})`);
}

async function findRunning({ port, reuseRunning }: ResolvedDevServerOptions): Promise<DevServer | undefined> {
  if (!reuseRunning || port === 0 || !await isListening(port)) return undefined;
  const address = `${LOOPBACK}:${port}`;
  try {
    await checkTemporal({ address }, LOCAL_CHECK_TIMEOUT_MS, NAMESPACE);
  } catch (cause) {
    const message = `Cannot use port ${port} as what listens there is no Temporal server with namespace '${NAMESPACE}'`;
    throw new Error(`${message}: current value is ${address} (${reasonOf(cause, address)}). Choose another port`, {
      cause,
    });
  }
  return runningServer(address, NAMESPACE, `already running at ${address}`);
}

function runningServer(address: string, namespace: string, source: string): DevServer {
  const stop = () => Promise.resolve();
  return { address, namespace, startedByUs: false, source, stop, [Symbol.asyncDispose]: stop };
}

async function pickUiPort({ uiPort, log }: ResolvedDevServerOptions): Promise<number> {
  if (uiPort === 0) return freePort();
  if (!await isListening(uiPort)) return uiPort;
  const other = freePort();
  log(`Port ${uiPort} is taken, the Web UI is on port ${other}`);
  return other;
}

function toArgs(options: ResolvedDevServerOptions, port: number, uiPort: number | undefined): string[] {
  const { dbFilename, dynamicConfig } = options;
  return [
    ...["server", "start-dev", "--ip", LOOPBACK, "--port", String(port), "--namespace", NAMESPACE],
    ...["--log-level", "error"],
    ...(uiPort === undefined ? ["--headless"] : ["--ui-port", String(uiPort)]),
    ...(dbFilename === undefined ? [] : ["--db-filename", dbFilename]),
    ...Object.entries(dynamicConfig).flatMap(([key, value]) => ["--dynamic-config-value", `${key}=${value}`]),
  ];
}

async function untilServing(server: ServerProcess, address: string): Promise<void> {
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  let reason = "";
  while (Date.now() < deadlineMs) {
    try {
      await checkTemporal({ address }, LOCAL_CHECK_TIMEOUT_MS, NAMESPACE);
      // Else another server has answered, which took the port in the meantime.
      if (!server.hasExited) return;
    } catch (error) {
      reason = reasonOf(error, address);
    }
    if (server.hasExited) {
      const { code } = await server.exited;
      const message = `Cannot start a Temporal server at ${address}: it ended with code ${code}`;
      throw new EarlyExitError(`${message}\n${server.stderrTail}`);
    }
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
  throw new Error(
    `Cannot start a Temporal server at ${address}: no answer in ${READY_TIMEOUT_MS / 1000} s (${reason})`,
  );
}

/** Leaves out what a message about the address says already. */
function reasonOf(error: unknown, address: string): string {
  return fullMessage(error).replace(`No Temporal server answers at ${address}: `, "");
}
