/**
 * Connections for clients and for writers.
 *
 * They are the SDK's native ones. Its other kind uses `node:http2`, and on Deno that crashes the whole process when a
 * server sends GOAWAY (denoland/deno#36788): when it shuts down, and on each connection that is 2 minutes idle or 5
 * minutes old.
 *
 * @module
 */
import { Client, type ConnectionOptions, type WorkflowClientInterceptor } from "@temporalio/client";
import type { DataConverter } from "@temporalio/common";
import { loadClientConfigProfile, loadClientConnectConfig } from "@temporalio/envconfig";
import { NativeConnection, type NativeConnectionOptions } from "@temporalio/worker";
import { BodyStorage } from "../bodies/body_storage.ts";
import { latestRun } from "../bodies/latest_run.ts";
import { canRemove, SentBodies } from "../bodies/sent_bodies.ts";
import { submissionInterceptor } from "../bodies/submission_interceptor.ts";
import { shortMessage } from "../protocol/failures.ts";
import { transportText } from "./transport_text.ts";
import { UnretriedConnection } from "./unretried_connection.ts";

/** Where to connect. The environment provides the options that are left out. */
export interface ConnectOptions {
  /** `host:port`. Wins over `TEMPORAL_ADDRESS` and profiles. */
  readonly address?: string;
  /** Wins over `TEMPORAL_NAMESPACE` and profiles. */
  readonly namespace?: string;
  /** Name of a profile in Temporal's configuration file. */
  readonly profile?: string;
  /**
   * How long to wait for the server.
   * @default {10000}
   */
  readonly connectTimeoutMs?: number;
  /**
   * How payloads are encoded, and where large ones are stored; writers and workers must have the same.
   * @default {JSON, all of it in the history}
   */
  readonly dataConverter?: DataConverter;
  /** Intercept the client's workflow calls, for tracing for instance. They see the Updates as they are sent. */
  readonly interceptors?: readonly WorkflowClientInterceptor[];
  /** Plugins of the connection and the client on it. */
  readonly plugins?: NativeConnectionOptions["plugins"];
}

/** Connection options, and the namespace that goes with them. */
export interface ConnectConfig {
  readonly connection: ConnectionOptions;
  readonly namespace: string;
}

/** Port on which a server is looked for, and on which one is started. */
export const DEFAULT_PORT = 7233;

/** Address of the server if no option and no setting names one. */
export const DEFAULT_ADDRESS: string = `localhost:${DEFAULT_PORT}`;

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

/**
 * Reads address, namespace, TLS and API key from Temporal's environment variables and configuration file.
 *
 * @throws {Error} If the file, the profile, or a file that they name cannot be read.
 */
export function loadConnectConfig(options: ConnectOptions = {}): ConnectConfig {
  const { connectionOptions, namespace } = readSettings(() =>
    loadClientConnectConfig({ ...(options.profile && { profile: options.profile }) })
  );
  // An empty variable counts as unset: a shell unsets a variable for one command in this way.
  return {
    connection: { ...connectionOptions, address: options.address ?? (connectionOptions.address || DEFAULT_ADDRESS) },
    namespace: options.namespace ?? (namespace || "default"),
  };
}

/** The address from the environment or the configuration file, if there is one. */
export function configuredAddress(): string | undefined {
  return readSettings(() => loadClientConfigProfile()).address || undefined;
}

function readSettings<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const message = `Cannot use Temporal's settings (variables TEMPORAL_…, configuration file): ${shortMessage(error)}`;
    throw new Error(message, { cause: error });
  }
}

/** Converts the options to those of a native connection, which workers need too. */
export function nativeConnectionOptions(options: ConnectionOptions): NativeConnectionOptions {
  const { address, tls, apiKey, metadata } = options;
  return { address, tls, ...(typeof apiKey === "string" && { apiKey }), ...(metadata && { metadata }) };
}

/** A client that closes its connection when it is disposed of. */
export interface ConnectedClient extends AsyncDisposable {
  readonly client: Client;
  readonly address: string;
}

/** Connects a client that keeps the retries of the SDK: for everything but a writer's Updates. */
export function connectClient(options: ConnectOptions = {}): Promise<ConnectedClient> {
  return connect(NativeConnection, options);
}

/** Connects a client for a `BatchWriter`: without the SDK's retries, because the writer has its own. */
export function connectWriterClient(options: ConnectOptions = {}): Promise<ConnectedClient> {
  return connect(UnretriedConnection, options);
}

async function connect(kind: ConnectionKind, options: ConnectOptions): Promise<ConnectedClient> {
  const config = loadConnectConfig(options);
  const connection = await connectNative(config.connection, options.connectTimeoutMs, kind, options.plugins);
  const { client, settled } = writerClientOn(connection, { ...options, namespace: config.namespace });
  return {
    client,
    address: config.connection.address ?? DEFAULT_ADDRESS,
    async [Symbol.asyncDispose]() {
      await settled();
      await connection.close();
    },
  };
}

/** A client for a `BatchWriter` on a connection that is not its own. */
export interface WriterClient {
  readonly client: Client;
  /** Waits until every removal of stored bodies that is under way has ended. */
  settled(): Promise<void>;
}

/** Makes a client for a `BatchWriter` on a connection, which must stay open until `settled` returns. */
export function writerClientOn(
  connection: NativeConnection,
  { namespace = "default", dataConverter, interceptors = [] }: Pick<
    ConnectOptions,
    "namespace" | "dataConverter" | "interceptors"
  >,
): WriterClient {
  const storage = dataConverter?.externalStorage;
  const sent = storage instanceof BodyStorage && canRemove(storage.driver)
    ? new SentBodies(storage.driver, (workflowId) => latestRun(client, { namespace, workflowId }))
    : undefined;
  const client: Client = new Client({
    connection,
    namespace,
    ...(dataConverter && { dataConverter }),
    interceptors: { workflow: [submissionInterceptor(sent), ...interceptors] },
  });
  return { client, settled: async () => await sent?.settled() };
}

/** The class that makes a native connection: the SDK's, or a subclass. */
type ConnectionKind = Pick<typeof NativeConnection, "connect">;

/**
 * Connects to a server that answers.
 *
 * @throws {Error} If no server answers, or the address is malformed. The message has the address.
 */
export async function connectNative(
  options: ConnectionOptions,
  timeoutMs: number = DEFAULT_CONNECT_TIMEOUT_MS,
  kind: ConnectionKind = NativeConnection,
  plugins: NativeConnectionOptions["plugins"] = [],
): Promise<NativeConnection> {
  const noServer = (why: string, cause?: unknown) =>
    new Error(`No Temporal server answers at ${options.address ?? DEFAULT_ADDRESS}: ${why}`, { cause });
  checkAddress(options.address ?? DEFAULT_ADDRESS);
  const connecting = kind.connect({ ...nativeConnectionOptions(options), plugins }).catch((error) => {
    throw noServer(transportText(shortMessage(error)), error);
  });
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(noServer(`no answer within ${timeoutMs} ms`));
    // If the connection still succeeds later, no caller uses it: close it.
    connecting.then((late) => late.close(), () => {});
  }, timeoutMs);
  try {
    return await Promise.race([connecting, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws {Error} If it is malformed. The message hides the text in front of an `@`, which may be a password. */
export function checkAddress(address: string): void {
  const match = /^(?:\[[\da-f:.]+\]|[^\s:/?#@[\]]+)(?::(?<port>\d+))?$/i.exec(address);
  const port = Number(match?.groups?.port ?? 1);
  if (match !== null && port >= 1 && port <= 65_535) return;
  const shown = JSON.stringify(address.replace(/^.*@/s, "…@"));
  throw new Error(`Cannot connect to a Temporal server as its address must be HOST or HOST:PORT: it is ${shown}`);
}
