/**
 * No figure without its rows.
 *
 * @module
 */
import { rowsByKey } from "./database.ts";
import type { CallRecord } from "./load_shape.ts";
import type { VariantName } from "./report_data.ts";

/**
 * Looks in the database for the row of each caller that was told "done".
 *
 * @param keyOf The field `key` of the n-th call's data.
 * @throws {Error} If one of them is not there exactly once.
 */
export function checkRows(
  databaseFile: string,
  variant: VariantName,
  calls: readonly CallRecord[],
  keyOf: (n: number) => string,
): void {
  const rows = rowsByKey(databaseFile, variant);
  const done = calls.filter(({ told }) => told.kind === "done");
  const wrong = done.filter(({ n }) => rows.get(keyOf(n)) !== 1);
  if (wrong.length === 0) return;
  const example = keyOf(wrong[0].n);
  throw new Error(
    `The measurement of ${variant} is void: of ${done.length} callers who were told "done", ${wrong.length} do not have ` +
      `their row exactly once, such as ${example} with ${rows.get(example) ?? 0} rows`,
  );
}
