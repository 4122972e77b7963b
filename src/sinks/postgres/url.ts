/**
 * The address of a PostgreSQL sink.
 *
 * @module
 */

import type { PostgresTableNames } from "./names.ts";
import type { PostgresPooling } from "./settings.ts";
import { SinkError } from "../sink.ts";

/** Options that an address may carry, as `?schema=…&pool_size=…`; the driver gets the others. */
export interface PostgresUrlOptions extends PostgresTableNames {
  readonly poolSize?: number;
  readonly statementTimeoutMs?: number;
  readonly sessionMaxAgeMs?: number;
  readonly pooling?: PostgresPooling;
}

/** A parsed address. */
export interface PostgresUrl {
  /** For the driver: holds the password, so it must not be shown. */
  readonly url: string;
  /** For people: without password and parameters. */
  readonly description: string;
  readonly options: PostgresUrlOptions;
}

// No URL parser here: its errors quote what they could not parse, with the password in it.
const FORM =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^:@/?#]*)(?<password>:[^@/?#]*)?@)?(?<host>[^@/?#]+)(?<path>\/[^@?#/]*)?(?:\?(?<query>[^@#?]*))?$/i;

const OWN = {
  schema: (value: string) => ({ schema: value }),
  ledger_table: (value: string) => ({ ledgerTable: value }),
  dead_letter_table: (value: string) => ({ deadLetterTable: value }),
  pool_size: (value: string) => ({ poolSize: Number(value) }),
  statement_timeout_ms: (value: string) => ({ statementTimeoutMs: Number(value) }),
  session_max_age_ms: (value: string) => ({ sessionMaxAgeMs: Number(value) }),
  pooling: (value: string) => ({ pooling: value as PostgresPooling }),
} as const;

/** The form of an address: what a message may say of it. */
export const POSTGRES_FORM = "postgres://USER:PASSWORD@HOST:PORT/DATABASE";

/** What an address may have behind `?`, for messages. */
export const POSTGRES_PARAMETERS = `${Object.keys(OWN).join(", ")}, those of the driver (sslmode, ` +
  "target_session_attrs) and settings of the server (such as search_path)";

/** Tells whether `spec` means to be the address of a PostgreSQL sink. */
export function isPostgresUrl(spec: string): boolean {
  return /^postgres(?:ql)?:/i.test(spec);
}

/**
 * Parses `postgres://user:password@host:port/database?…`.
 *
 * Its parameters `schema`, `ledger_table`, `dead_letter_table`, `pool_size`, `statement_timeout_ms`,
 * `session_max_age_ms` and `pooling` are for the sink, all others (such as `sslmode`) for the driver.
 *
 * @throws {SinkError} If it is of another form. Nothing of it is in the message.
 *
 * @example What may be shown
 * ```ts
 * import { parsePostgresUrl } from "./url.ts";
 *
 * const { description, options } = parsePostgresUrl("postgres://app:secret@db.example:5432/shop?schema=ledger");
 * console.log(description); // postgres://app@db.example:5432/shop
 * console.log(options.schema); // ledger
 * ```
 */
export function parsePostgresUrl(spec: string): PostgresUrl {
  const groups = FORM.exec(spec)?.groups;
  if (groups === undefined || !isDecodable(spec) || !groups.host.split(",").every(isHost)) throw badForm();
  const { user, host, path = "", query = "" } = groups;
  const parameters = new URLSearchParams(query);
  let options: PostgresUrlOptions = {};
  for (const [name, option] of Object.entries(OWN)) {
    const value = parameters.get(name);
    if (value !== null) options = { ...options, ...option(value) };
    parameters.delete(name);
  }
  const base = spec.split("?", 1)[0];
  const rest = parameters.toString();
  return {
    url: rest === "" ? base : `${base}?${rest}`,
    description: `postgres://${user ? `${user}@` : ""}${host}${path}`,
    options,
  };
}

/** Half of a `%` escape would make the driver throw an error that quotes the address. */
function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** A port that is none would make the driver throw where nobody can catch it. */
function isHost(text: string): boolean {
  const match = /^(?:\[[^\[\]]+\]|[^:\[\]]+)(?::(?<port>\d+))?$/.exec(text);
  if (match === null) return false;
  const port = Number(match.groups?.port ?? 1);
  return port >= 1 && port <= 65_535;
}

function badForm(): SinkError {
  const message = "Cannot use a --sink 'postgres:…': it must be " + POSTGRES_FORM + ", with " +
    "special characters of the password written as %40 for @, %2F for /, %3A for :, %3F for ? and %23 for #";
  return new SinkError("setup", "no", message);
}
