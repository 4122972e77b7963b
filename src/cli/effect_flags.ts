/**
 * What a worker's sink does beside its ledger rows: fill a table, or whatever a module does.
 *
 * @module
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { OpenSinkOptions } from "../sinks/open_sink.ts";
import { applyNameProblem, kindOf } from "../protocol/check.ts";
import { PARTITION_KEY_FIELD, REQUEST_ID_FIELD } from "../sinks/into_table.ts";
import { UsageError } from "./command.ts";

/** A table of the user's to fill, or a module that is the effect. */
export const effectFlags = {
  into: {
    type: "text",
    value: "TABLE",
    help: "Also fill this table of the sink's database, each column from the field of its name; on PostgreSQL also " +
      "SCHEMA.TABLE. A row with a field that has no column is rejected, a column without a field gets its default",
  },
  columns: {
    type: "text",
    value: "LIST",
    help: `Fill only these columns of --into, with commas between them: COLUMN or COLUMN=FIELD; ` +
      `the fields ${REQUEST_ID_FIELD} and ${PARTITION_KEY_FIELD} are those of the write`,
  },
  apply: {
    type: "text",
    value: "FILE.ts",
    help: "Also run the function 'apply' that this module exports, in the transaction of the rows; it must export a " +
      "name for it as 'applyName'",
  },
} as const;

/**
 * Reads the effect that the flags name.
 *
 * @throws {UsageError} If they contradict each other, or the module is not one that can be used.
 */
export async function effectOf(flags: {
  readonly into: string | undefined;
  readonly columns: string | undefined;
  readonly apply: string | undefined;
}): Promise<OpenSinkOptions> {
  const { into: table, columns, apply } = flags;
  if (table !== undefined && apply !== undefined) throw new UsageError("--into and --apply exclude each other");
  if (columns !== undefined && table === undefined) throw new UsageError("--columns needs --into");
  if (table !== undefined) return { into: { table, ...(columns !== undefined && { columns: columnsOf(columns) }) } };
  return apply === undefined ? {} : await loadApply(apply);
}

function columnsOf(text: string): Record<string, string> {
  const refuse = (why: string) => new UsageError(`--columns must be COLUMN or COLUMN=FIELD, with commas: ${why}`);
  const columns = new Map<string, string>();
  for (const part of text.split(",")) {
    const [, column, field = column] = /^\s*([^=]*?)\s*(?:=\s*(.*?)\s*)?$/s.exec(part)!;
    if (column === "" || field === "") throw refuse(`a part of it is ${JSON.stringify(part)}`);
    if (columns.has(column)) throw refuse(`${JSON.stringify(column)} is there twice`);
    if (field.startsWith("$") && field !== REQUEST_ID_FIELD && field !== PARTITION_KEY_FIELD) {
      throw refuse(`${field} is neither ${REQUEST_ID_FIELD} nor ${PARTITION_KEY_FIELD}`);
    }
    columns.set(column, field);
  }
  return Object.fromEntries(columns);
}

async function loadApply(file: string): Promise<Pick<OpenSinkOptions, "apply" | "applyName">> {
  const refuse = (why: string) => new UsageError(`Cannot use --apply ${file}: ${why}`);
  const path = resolve(file);
  const isFile = await Deno.stat(path).then((stat) => stat.isFile, () => undefined);
  if (isFile === undefined) throw refuse("there is no such file");
  if (!isFile) throw refuse("it is not a file");
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    throw refuse(`it cannot be loaded: ${error instanceof Error ? error.message : error}`);
  }
  const { apply, applyName } = module;
  if (apply === undefined) throw refuse("it does not export 'apply'");
  if (typeof apply !== "function") throw refuse(`its 'apply' must be a function: it is ${kindOf(apply)}`);
  if (applyName === undefined) {
    throw refuse("it does not export 'applyName', a name for what 'apply' does, which the ledger keeps");
  }
  const problem = applyNameProblem(applyName);
  if (problem !== undefined) throw refuse(problem);
  return { apply: apply as OpenSinkOptions["apply"], applyName: applyName as string };
}
