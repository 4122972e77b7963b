/**
 * Where the tables of a PostgreSQL ledger are.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { SinkError } from "../sink.ts";

/** Longest name, in bytes of UTF-8: the server cuts a longer one, and two tables could become one. */
const NAME_BYTES_MAX = 63;

/** Names of schema and tables. Any text that PostgreSQL can have as a name; it is quoted wherever it is used. */
export interface PostgresTableNames {
  /**
   * Schema of all three tables.
   *
   * @default {"public"}
   */
  readonly schema?: string;
  /**
   * The ledger.
   *
   * @default {"batched_writes"}
   */
  readonly ledgerTable?: string;
  /**
   * The dead letters.
   *
   * @default {"rejected_writes"}
   */
  readonly deadLetterTable?: string;
}

/** Quoted names, to stand in SQL text. */
export interface PostgresTables {
  /** The schema's name as it is. */
  readonly schemaName: string;
  /** The ledger's name as it is. */
  readonly ledgerName: string;
  readonly schema: string;
  readonly ledger: string;
  readonly deadLetters: string;
  readonly version: string;
}

/** The table that keeps the version of each ledger of a schema. */
const VERSION_TABLE = "batcher_schema";

/**
 * Checks and quotes names.
 *
 * @throws {SinkError} If a name is none that PostgreSQL can have, or two tables would be one.
 */
export function resolveTables(names: PostgresTableNames = {}): PostgresTables {
  const { schema = "public", ledgerTable = "batched_writes", deadLetterTable = "rejected_writes" } = names;
  for (const [option, name] of Object.entries({ schema, ledgerTable, deadLetterTable })) checkName(option, name);
  if (new Set([ledgerTable, deadLetterTable, VERSION_TABLE]).size < 3) {
    throw refuse(`'ledgerTable', 'deadLetterTable' and ${VERSION_TABLE} must be three tables`, [
      ledgerTable,
      deadLetterTable,
    ]);
  }
  const inSchema = (table: string) => `${quoteName(schema)}.${quoteName(table)}`;
  return {
    schemaName: schema,
    ledgerName: ledgerTable,
    schema: quoteName(schema),
    ledger: inSchema(ledgerTable),
    deadLetters: inSchema(deadLetterTable),
    version: inSchema(VERSION_TABLE),
  };
}

/** Quotes a name, so that whatever is in it is part of the name. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** @throws {SinkError} If PostgreSQL cannot have such a name. */
export function checkName(option: string, name: unknown): void {
  if (
    typeof name === "string" && name !== "" && name.isWellFormed() && !name.includes("\0") &&
    Buffer.byteLength(name) <= NAME_BYTES_MAX
  ) return;
  throw refuse(`'${option}' must be a name of 1 to ${NAME_BYTES_MAX} bytes without NUL`, name);
}

function refuse(rule: string, value: unknown): SinkError {
  return new SinkError("setup", "no", `Cannot use the sink as ${rule}: current value is ${JSON.stringify(value)}`);
}
