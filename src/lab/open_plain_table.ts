/**
 * Opens a table without a ledger where the option `--sink` says.
 *
 * @module
 */
import { makeDefaultFolder, parseSinkSpec } from "../sinks/open_sink.ts";
import { SinkError } from "../sinks/sink.ts";
import { PlainTable } from "./plain_table.ts";

/**
 * Opens a table without a ledger, in the database of a sink.
 *
 * @throws {SinkError} If it cannot be opened, or the database is no SQLite file.
 */
export async function openPlainTable(spec: string, table: string): Promise<PlainTable> {
  const parsed = parseSinkSpec(spec);
  if (parsed.kind === "sqlite") {
    makeDefaultFolder(parsed.path);
    return await PlainTable.open({ path: parsed.path, table });
  }
  throw new SinkError(
    "setup",
    "no",
    `Cannot open '${table}' in PostgreSQL: it is there for comparison, in SQLite only`,
  );
}
