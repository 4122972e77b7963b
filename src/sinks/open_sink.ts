/**
 * Opens the sink that the option `--sink` names.
 *
 * @module
 */

import { type Sink, SinkError } from "./sink.ts";
import { SqliteSink } from "./sqlite_sink.ts";

/** The sink that commands use when none is named. */
export const DEFAULT_SINK_SPEC = "sqlite:data/ledger.db";

/** A parsed sink specification. */
export interface SinkSpec {
  readonly kind: "sqlite";
  /** The database file. */
  readonly path: string;
}

/**
 * Parses the value of `--sink`.
 *
 * @param spec `sqlite:FILE`. The file is relative to the working directory, or absolute; `sqlite:///FILE` is absolute.
 * @throws {SinkError} If it is of no accepted form. The message holds no more of it than its scheme, as the rest may
 * hold a password.
 *
 * @example A file of the working directory
 * ```ts
 * import { parseSinkSpec } from "./open_sink.ts";
 *
 * const spec = parseSinkSpec("sqlite:data/ledger.db");
 * console.log(spec.path); // data/ledger.db
 * ```
 */
export function parseSinkSpec(spec: string): SinkSpec {
  const match = /^sqlite:(?<path>.+)$/is.exec(spec);
  const path = match?.groups?.path.replace(/^\/{3,}/, "/");
  if (path === undefined) throw refuse(spec, "it must be sqlite:FILE");
  if (path.startsWith("//")) throw refuse(spec, "a host makes no sense: write sqlite:FILE or sqlite:///FILE");
  if (path.startsWith(":memory:")) {
    throw refuse(spec, "a database in memory has one connection and no ledger after a restart: write sqlite:FILE");
  }
  return { kind: "sqlite", path };
}

/**
 * Opens a sink.
 *
 * @param spec As for {@linkcode parseSinkSpec}.
 * @throws {SinkError} If `spec` is of no accepted form or the sink cannot be opened.
 */
export async function openSink(spec: string): Promise<Sink> {
  const { path } = parseSinkSpec(spec);
  return await SqliteSink.open({ path });
}

function refuse(spec: string, reason: string): SinkError {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(spec)?.[0];
  const shown = scheme === undefined ? "that has no scheme" : `'${scheme}…'`;
  return new SinkError("setup", "no", `Cannot use a --sink ${shown}: ${reason}`);
}
