/**
 * What each SQLSTATE says about a batch.
 *
 * Source of the codes: https://www.postgresql.org/docs/current/errcodes-appendix.html. The first two characters are the
 * class; the table is by class, with the codes that differ from theirs in front, and in front of those the few that
 * depend on where in the server they come from.
 *
 * @module
 */

import { POSTGRES_PARAMETERS } from "./url.ts";

/** Who is at fault: one row, the database for a while, or the set-up. */
export type PostgresFaultKind = "row" | "unavailable" | "setup";

/** A failed PostgreSQL call, classified. */
export interface PostgresFault {
  /** The SQLSTATE, the driver's code such as `CONNECTION_CLOSED`, or the name of the error. */
  readonly code: string;
  readonly kind: PostgresFaultKind;
  /** What to do about it, for the message of a `SinkError`. */
  readonly advice: string;
  /** Whether a failed COMMIT with this code certainly left nothing behind. */
  readonly refusesCommit: boolean;
  /** Whether a failed statement that is a transaction by itself certainly left nothing behind. */
  readonly undoesStatement: boolean;
}

type Row = readonly [kind: PostgresFaultKind, advice: string];

const RETRY = "it may pass by itself, a retry is safe";
const ROW: Row = ["row", "correct the row"];
const TABLES = "create the tables with 'deno task sink migrate', or correct the names in --sink";

/** With such a code the server refuses a connection for a parameter: unknown, no name, no value for it, or not to be set. */
const PARAMETER_CODES: ReadonlySet<string> = new Set(["42704", "42602", "22023", "55P02"]);
const PARAMETER: Row = ["setup", `correct this parameter of the address: there are ${POSTGRES_PARAMETERS}`];

const POOLED = "a pooler hands connections from transaction to transaction: add pooling=transaction to the address";

/** Codes that mean something else where a certain routine of the server gives them. */
const BY_ROUTINE: Readonly<Record<string, Row>> = {
  "08P01 exec_bind_message": ["setup", "give the statement as many values as it has parameters"],
  // A table was altered under a prepared statement: the next connection prepares anew.
  "0A000 RevalidateCachedQuery": ["unavailable", RETRY],
  // A policy of row-level security refuses the row.
  "42501 ExecWithCheckOptions": ROW,
};

/**
 * What PgBouncer means: it has one code for nearly all that it says, and no routine. Source of the texts: its `client.c`.
 */
const BY_POOLER_TEXT: readonly (readonly [text: RegExp, row: Row])[] = [
  [
    /^unsupported (?:options )?startup parameter/i,
    [
      "setup",
      "take this parameter out of the address, or name it in the pooler's ignore_startup_parameters: there are " +
      POSTGRES_PARAMETERS,
    ],
  ],
  [/authentication failed$|^no such user/i, ["setup", "correct user and password, here or in the pooler's auth_file"]],
  [/^no such database/i, ["setup", "create the database in the pooler's configuration, or correct its name"]],
];

const BY_CODE: Readonly<Record<string, Row>> = {
  "0A000": ["setup", "this server lacks a feature that the statement needs"],
  "25001": ["setup", "this statement cannot run in a transaction: leave it out of 'apply'"],
  "25006": ["unavailable", "the server is read-only: a standby, perhaps, after a failover"],
  "26000": ["setup", POOLED],
  "28P01": ["setup", "correct the password"],
  "3D000": ["setup", "create the database, or correct its name"],
  "3F000": ["setup", TABLES],
  "40001": ["unavailable", "another transaction was first, a retry is safe"],
  "40P01": ["unavailable", "a deadlock with another transaction, a retry is safe"],
  "42501": [
    "setup",
    "grant this role what it needs: SELECT, INSERT, UPDATE and DELETE on the tables, USAGE on their schema",
  ],
  "42P01": ["setup", TABLES],
  "42P05": ["setup", POOLED],
  "44000": ROW, // WITH CHECK OPTION of a view
  "53100": ["unavailable", "free space on the server's disk"],
  "53300": ["unavailable", "the server has no connection left"],
  "54011": ["setup", "correct the statement"],
  "54023": ["setup", "correct the statement"],
  "57014": ["unavailable", "a statement took too long or was cancelled"],
  "XX001": ["setup", "restore the database from a backup"],
  "XX002": ["setup", "rebuild the index"],
};

const BY_CLASS: Readonly<Record<string, Row>> = {
  "08": ["unavailable", "check that the server runs and can be reached"],
  "09": ROW, // triggered action exception
  "0L": ["setup", "correct the grants"],
  "0P": ["setup", "correct the role"],
  "21": ROW, // cardinality violation, as by a subquery that returns two rows
  "22": ROW, // data exception
  "23": ROW, // integrity constraint violation
  "25": ["unavailable", RETRY],
  "27": ROW, // triggered data change violation
  "28": ["setup", "correct the user, or let it in with pg_hba.conf"],
  "2B": ["setup", "correct the grants"],
  "2D": ["setup", "neither 'apply' nor a procedure that it calls may end the transaction"],
  "40": ["unavailable", RETRY],
  "42": ["setup", "correct the statement, or the table that it is for"],
  "53": ["unavailable", "the server is out of a resource"],
  "54": ROW, // program limit exceeded: an id too long for its index, JSON nested too deeply
  "55": ["unavailable", RETRY],
  "57": ["unavailable", "the server was told to stop, or is starting"],
  "58": ["unavailable", "check the server's disk and log"],
  "P0": ROW, // RAISE of a function or a trigger
};

/** Failures of the driver that come before a server has said anything about itself. */
const MISCONFIGURED: ReadonlySet<string> = new Set(["SASL_SIGNATURE_MISMATCH", "ERR_INVALID_URL"]);

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Codes of the operating system look like an SQLSTATE where they have five characters, as `EPIPE` does. */
const SYSTEM_CODE = /^E[A-Z]+$/;

/** Classes of PostgreSQL that are not in the table. Any other is an `ERRCODE` that somebody's function raised, about a row. */
const UNDECIDED: ReadonlySet<string> = new Set(
  "00 01 02 03 0A 0B 0F 0Z 20 24 26 2F 34 38 39 3B 3D 3F 44 72 F0 HV XX".split(" "),
);

/** Codes that do not say how a transaction ended: lost connections, a lost answer further on, a broken server. */
const UNDECIDED_END = /^(?:08|57P|58|XX|40003)/;

/**
 * Classifies an error of the driver by its code, and by its message only where a pooler gives no code of its own.
 *
 * @returns For an error without a known code: `"unavailable"`, since nothing says that the row is at fault.
 */
export function classifyPostgresError(error: unknown): PostgresFault {
  const { code, routine, severity, name, message } = (error ?? {}) as Partial<Record<string, unknown>>;
  const isSqlState = typeof code === "string" && SQLSTATE.test(code) &&
    (typeof severity === "string" || !SYSTEM_CODE.test(code));
  if (isSqlState) {
    const [kind, advice] = BY_ROUTINE[`${code} ${routine}`] ??
      (routine === undefined ? rowOfPooler(code, message) : undefined) ??
      (severity === "FATAL" && PARAMETER_CODES.has(code) ? PARAMETER : undefined) ??
      rowOf(code);
    const undoesStatement = severity === "ERROR" && !UNDECIDED_END.test(code);
    // A fatal error may come after the commit, while it waits for a standby.
    const refusesCommit = severity === "ERROR" && (kind === "row" || code === "40001" || code === "40P01");
    return { code, kind, advice, refusesCommit, undoesStatement };
  }
  if (typeof code !== "string" && (error instanceof TypeError || error instanceof RangeError)) {
    // The driver could not turn a value into text.
    return { code: error.name, kind: "row", advice: ROW[1], refusesCommit: false, undoesStatement: true };
  }
  const neither = { refusesCommit: false, undoesStatement: false };
  const known = typeof code === "string" ? code : typeof name === "string" ? name : "Error";
  return MISCONFIGURED.has(known)
    ? { code: known, kind: "setup", advice: "correct the address in --sink", ...neither }
    : { code: known, kind: "unavailable", advice: BY_CLASS["08"][1], ...neither };
}

function rowOfPooler(code: string, message: unknown): Row | undefined {
  if (code !== "08P01" || typeof message !== "string") return undefined;
  return BY_POOLER_TEXT.find(([text]) => text.test(message))?.[1];
}

function rowOf(code: string): Row {
  const group = code.slice(0, 2);
  return BY_CODE[code] ?? BY_CLASS[group] ?? (UNDECIDED.has(group) ? ["unavailable", RETRY] : ROW);
}
