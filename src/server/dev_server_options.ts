import { DEFAULT_PORT } from "../client/connection.ts";
import { wholeNumberProblem } from "../protocol/options.ts";
import type { TemporalBinaryOptions } from "./temporal_binary.ts";

/** Largest port. */
export const PORT_MAX = 65_535;

/** Where the Web UI of a server is looked for, above its own port. */
export const UI_PORT_OFFSET = 1_000;

/** Options of {@linkcode startDevServer} and {@linkcode findOrStartDevServer}. */
export interface DevServerOptions extends TemporalBinaryOptions {
  /**
   * Port of the server on the loopback interface; 0 takes a free one.
   *
   * @default {7233}
   */
  port?: number;
  /**
   * Port of the Web UI; another one is taken when it is in use. 0 takes a free one.
   *
   * @default {port + 1000, or a free one if port is 0}
   */
  uiPort?: number;
  /**
   * Whether a server that is started has the Web UI.
   *
   * @default {true}
   */
  ui?: boolean;
  /**
   * SQLite file that keeps the state of a server that is started.
   *
   * @default {the state is in memory}
   */
  dbFilename?: string;
  /**
   * Dynamic configuration of a server that is started: JSON values by key, such as
   * `{ "history.maxInFlightUpdates": "1000" }`.
   *
   * @default {{}}
   */
  dynamicConfig?: Record<string, string>;
  /**
   * `host:port` of a server that runs, which {@linkcode findOrStartDevServer} takes; TLS, namespace and API key come from
   * the environment.
   *
   * @default {it looks for one}
   */
  address?: string;
  /**
   * Whether {@linkcode findOrStartDevServer} takes a server that already runs on `port`.
   *
   * @default {true}
   */
  reuseRunning?: boolean;
}

/** {@linkcode DevServerOptions} with defaults in place. */
export interface ResolvedDevServerOptions
  extends Required<Omit<DevServerOptions, "dbFilename" | "cacheDir" | "address">> {
  cacheDir?: string;
  dbFilename?: string;
}

/**
 * Puts defaults in place and checks ports.
 *
 * @throws {RangeError} If a port is not a whole number from 0 to 65535.
 */
export function resolveDevServerOptions(options: DevServerOptions): ResolvedDevServerOptions {
  const port = options.port ?? DEFAULT_PORT;
  const defaultUiPort = port === 0 || port + UI_PORT_OFFSET > PORT_MAX ? 0 : port + UI_PORT_OFFSET;
  const uiPort = options.uiPort ?? defaultUiPort;
  for (const [name, value] of Object.entries({ port, uiPort })) {
    const problem = wholeNumberProblem(name, value, 0, PORT_MAX);
    if (problem !== undefined) throw new RangeError(`Cannot start a Temporal server as ${problem}`);
  }
  return {
    ui: true,
    dynamicConfig: {},
    reuseRunning: true,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    log: options.log ?? (() => {}),
    port,
    uiPort,
  };
}
