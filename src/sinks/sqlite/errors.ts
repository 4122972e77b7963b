/**
 * What each SQLite result code says about a batch.
 *
 * `node:sqlite` puts the extended result code into `errcode`, but only on errors of prepared statements: those of
 * `DatabaseSync.exec` and of the constructor carry a message alone. So every statement here is prepared.
 * Source of the codes: https://www.sqlite.org/rescode.html.
 *
 * @module
 */

/** Who is at fault: one row, the database for a while, or the set-up. */
export type SqliteFaultKind = "row" | "unavailable" | "setup";

/** A failed SQLite call, classified. */
export interface SqliteFault {
  /** The code's name, such as `SQLITE_CONSTRAINT_UNIQUE`. */
  readonly name: string;
  readonly kind: SqliteFaultKind;
  /** What to do about it, for the message of a `SinkError`. */
  readonly advice: string;
  /** Whether another connection holds the lock, so that waiting helps. */
  readonly locked: boolean;
  /** Whether a failed COMMIT with this code certainly left nothing behind. */
  readonly refusesCommit: boolean;
}

type Row = readonly [name: string, kind: SqliteFaultKind, advice: string];

const RETRY = "it may pass by itself, a retry is safe";
const SCHEMA = "check that its tables are those that this version created";
const ROW = "correct the row";

/** By primary result code, the low byte of the extended one. */
const PRIMARY: Readonly<Record<number, Row>> = {
  1: ["SQLITE_ERROR", "setup", SCHEMA],
  2: ["SQLITE_INTERNAL", "unavailable", RETRY],
  3: ["SQLITE_PERM", "setup", "give this process access to the file and its folder"],
  4: ["SQLITE_ABORT", "unavailable", RETRY],
  5: ["SQLITE_BUSY", "unavailable", "another process holds the write lock"],
  6: ["SQLITE_LOCKED", "unavailable", "another connection of this process holds the lock"],
  7: ["SQLITE_NOMEM", "unavailable", "give this process more memory"],
  8: ["SQLITE_READONLY", "unavailable", "make the file and its folder writable for this process"],
  9: ["SQLITE_INTERRUPT", "unavailable", RETRY],
  10: ["SQLITE_IOERR", "unavailable", "check the disk"],
  11: ["SQLITE_CORRUPT", "setup", "restore the file from a backup"],
  13: ["SQLITE_FULL", "unavailable", "free space on the disk"],
  14: ["SQLITE_CANTOPEN", "setup", "check that the path is a file in a folder that this process may write"],
  15: ["SQLITE_PROTOCOL", "unavailable", RETRY],
  17: ["SQLITE_SCHEMA", "unavailable", RETRY],
  18: ["SQLITE_TOOBIG", "row", ROW],
  19: ["SQLITE_CONSTRAINT", "row", ROW],
  20: ["SQLITE_MISMATCH", "row", ROW],
  21: ["SQLITE_MISUSE", "setup", "correct the statement"],
  22: ["SQLITE_NOLFS", "setup", "use a file system that supports files of this size"],
  23: ["SQLITE_AUTH", "setup", "permit the statement"],
  25: ["SQLITE_RANGE", "setup", "give the statement as many values as it has parameters"],
  26: ["SQLITE_NOTADB", "setup", "give the path of a SQLite database, or of a file that does not exist"],
};

/** Names of the extended constraint codes: the ones that say what is wrong with a row. */
const CONSTRAINT: Readonly<Record<number, string>> = {
  275: "SQLITE_CONSTRAINT_CHECK",
  531: "SQLITE_CONSTRAINT_COMMITHOOK",
  787: "SQLITE_CONSTRAINT_FOREIGNKEY",
  1043: "SQLITE_CONSTRAINT_FUNCTION",
  1299: "SQLITE_CONSTRAINT_NOTNULL",
  1555: "SQLITE_CONSTRAINT_PRIMARYKEY",
  1811: "SQLITE_CONSTRAINT_TRIGGER",
  2067: "SQLITE_CONSTRAINT_UNIQUE",
  2323: "SQLITE_CONSTRAINT_VTAB",
  2579: "SQLITE_CONSTRAINT_ROWID",
  2835: "SQLITE_CONSTRAINT_PINNED",
  3091: "SQLITE_CONSTRAINT_DATATYPE",
};

const BUSY = 5;
const LOCKED = 6;
const CONSTRAINT_PRIMARY = 19;

/** Codes of `node:sqlite` itself, for values that it cannot bind or read: the row's fault, or that of `apply`. */
const BINDING_CODES: ReadonlySet<unknown> = new Set([
  "ERR_INVALID_ARG_TYPE",
  "ERR_INVALID_ARG_VALUE",
  "ERR_OUT_OF_RANGE",
]);

/**
 * Classifies an error of a prepared statement by its code, never by its message.
 *
 * SQLITE_ERROR comes back as `"setup"`; only who knows the statement can tell whether it was a row's fault after all.
 *
 * @returns For an error without a known code: `"unavailable"`, since nothing says that the row is at fault.
 */
export function classifySqliteError(error: unknown): SqliteFault {
  const { errcode, code } = (error ?? {}) as { errcode?: unknown; code?: unknown };
  const primary = typeof errcode === "number" ? errcode & 0xff : -1;
  const known = PRIMARY[primary];
  if (known !== undefined) {
    const [name, kind, advice] = known;
    const locked = primary === BUSY || primary === LOCKED;
    return {
      name: CONSTRAINT[errcode as number] ?? name,
      kind,
      advice,
      locked,
      refusesCommit: locked || primary === CONSTRAINT_PRIMARY,
    };
  }
  const bound = BINDING_CODES.has(code);
  const name = error instanceof Error ? error.name : "Error";
  return {
    name,
    kind: bound ? "row" : "unavailable",
    advice: bound ? ROW : RETRY,
    locked: false,
    refusesCommit: false,
  };
}
