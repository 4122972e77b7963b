/**
 * Opens the sink that the option `--sink` names.
 *
 * @module
 */

import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Apply } from "./apply.ts";
import { migratePostgresSink, openPostgresAdmin, PostgresSink } from "./postgres/sink.ts";
import { POSTGRES_SCHEMA_VERSION } from "./postgres/schema.ts";
import type { PostgresTransaction } from "./postgres/transaction.ts";
import { isPostgresUrl, parsePostgresUrl, POSTGRES_FORM } from "./postgres/url.ts";
import { type Sink, SinkError } from "./sink.ts";
import type { SinkAdmin } from "./sink_admin.ts";
import { SqliteAdmin } from "./sqlite/admin.ts";
import { SQLITE_SCHEMA_VERSION } from "./sqlite/schema.ts";
import { migrateSqliteSink, SqliteSink, type SqliteSinkOptions } from "./sqlite/sink.ts";
import type { SqliteTransaction } from "./sqlite/transaction.ts";

/** The folder that is created where it is missing, so that the first command works. */
const DEFAULT_FOLDER = "data";

/** The sink that commands use when none is named. */
export const DEFAULT_SINK_SPEC = `sqlite:${DEFAULT_FOLDER}/ledger.db`;

/** A parsed sink specification. */
export type SinkSpec =
  | {
    readonly kind: "sqlite";
    /** The database file. */
    readonly path: string;
  }
  | {
    readonly kind: "postgres";
    /** The whole address, with its password. */
    readonly url: string;
  };

/**
 * Parses the value of `--sink`.
 *
 * @param spec `sqlite:FILE` or `postgres://…`. The file is relative to the working directory, or absolute;
 * `sqlite:///FILE` is absolute.
 * @throws {SinkError} If it is of no accepted form. The message holds no more of it than its scheme, as the rest may
 * hold a password.
 *
 * @example A file of the working directory
 * ```ts
 * import { parseSinkSpec } from "./open_sink.ts";
 *
 * console.log(parseSinkSpec("sqlite:data/ledger.db")); // { kind: "sqlite", path: "data/ledger.db" }
 * ```
 */
export function parseSinkSpec(spec: string): SinkSpec {
  if (isPostgresUrl(spec)) {
    parsePostgresUrl(spec);
    return { kind: "postgres", url: spec };
  }
  const match = /^sqlite:(?<path>.+)$/is.exec(spec);
  const path = match?.groups?.path.replace(/^\/{3,}/, "/");
  if (path === undefined) throw refuse(spec, `it must be sqlite:FILE or ${POSTGRES_FORM}`);
  if (path.startsWith("//")) throw refuse(spec, "a host makes no sense: write sqlite:FILE or sqlite:///FILE");
  if (path.startsWith(":memory:")) {
    throw refuse(spec, "a database in memory has one connection and no ledger after a restart: write sqlite:FILE");
  }
  return { kind: "sqlite", path };
}

/** Creates the folder of a file if it is that of {@linkcode DEFAULT_SINK_SPEC}. */
export function makeDefaultFolder(path: string): void {
  if (resolve(dirname(path)) !== resolve(DEFAULT_FOLDER)) return;
  try {
    mkdirSync(DEFAULT_FOLDER, { recursive: true });
  } catch {
    // Opening the file says what is wrong.
  }
}

/** Options of {@linkcode openSink}. */
export interface OpenSinkOptions extends Pick<SqliteSinkOptions, "onNewLedger" | "applyName" | "into"> {
  /** The user's own effect of each write. Its transaction is that of the sink which `spec` names. */
  readonly apply?: Apply<never>;
}

/**
 * Opens a sink. A SQLite file is created where it is missing; its folder must be there, unless it is `data`.
 *
 * @param spec As for {@linkcode parseSinkSpec}.
 * @param options `onNewLedger` is told when a SQLite ledger is a new one.
 * @throws {SinkError} If `spec` is of no accepted form or the sink cannot be opened.
 *
 * @example Fill a table from the fields of each write
 * ```ts
 * import { openSink } from "./open_sink.ts";
 *
 * const open = () =>
 *   openSink("sqlite:shop.db", { into: { table: "orders", columns: { id: "$requestId", amount: "amount" } } });
 * ```
 */
export async function openSink(spec: string, options: OpenSinkOptions = {}): Promise<Sink> {
  const parsed = parseSinkSpec(spec);
  const { apply, applyName, into, onNewLedger } = options;
  if (parsed.kind === "postgres") {
    return await PostgresSink.open({ url: parsed.url, apply: apply as Apply<PostgresTransaction>, applyName, into });
  }
  makeDefaultFolder(parsed.path);
  const { path } = parsed;
  return await SqliteSink.open({ path, onNewLedger, apply: apply as Apply<SqliteTransaction>, applyName, into });
}

/**
 * Opens what looks after a ledger.
 *
 * @throws {SinkError} As {@linkcode openSink} does, and if there is no ledger.
 */
export async function openSinkAdmin(spec: string): Promise<SinkAdmin> {
  const parsed = parseSinkSpec(spec);
  return parsed.kind === "sqlite" ? await SqliteAdmin.open(parsed.path) : await openPostgresAdmin(parsed);
}

/**
 * Creates the tables of a sink, or brings them to the version that this code knows.
 *
 * @param applyName Changes the name of the effect that the ledger's rows go through, `null` to none.
 * @returns The version before, 0 where something was missing, and the version now.
 * @throws {SinkError} As {@linkcode openSink} does, and if the ledger has rows, `applyName` is not given, and the name
 * that it had is lost.
 */
export async function migrateSink(
  spec: string,
  applyName?: string | null,
): Promise<{ readonly before: number; readonly now: number }> {
  const parsed = parseSinkSpec(spec);
  if (parsed.kind === "sqlite") makeDefaultFolder(parsed.path);
  return parsed.kind === "sqlite"
    ? { before: await migrateSqliteSink(parsed, applyName), now: SQLITE_SCHEMA_VERSION }
    : { before: await migratePostgresSink(parsed, applyName), now: POSTGRES_SCHEMA_VERSION };
}

function refuse(spec: string, reason: string): SinkError {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(spec)?.[0];
  const shown = scheme === undefined ? "that has no scheme" : `'${scheme}…'`;
  return new SinkError("setup", "no", `Cannot use a --sink ${shown}: ${reason}`);
}
