/**
 * What more worker processes do to the database, in sentences.
 *
 * @module
 */
import { compareTo, count, formatNumber, isClearlyLess, listed } from "./figures.ts";
import type { Finding } from "./finding.ts";
import type { CompareReport, ScalingRow } from "../report_data.ts";
import { processCounts, scalingOf } from "./rows.ts";

/** How `update` fares against each rival as processes are added. */
export function scalingFindings(report: CompareReport): Finding[] {
  return (["activity", "direct"] as const).flatMap((rival): Finding[] => {
    const pairs = processCounts(report).flatMap((processes) => {
      const own = scalingOf(report, "update", processes);
      const other = scalingOf(report, rival, processes);
      return own === undefined || other === undefined ? [] : [{ processes, own, other }];
    });
    const most = pairs.at(-1);
    if (most === undefined) return [];
    const better = pairs.filter(({ own, other }) => isClearlyLess(other.rows_per_statement, own.rows_per_statement));
    const { own, other } = most;
    const words = compareTo(own.rows_per_statement, other.rows_per_statement);
    return [{
      text: `With ${count(most.processes, "worker process", "worker processes")}, a statement of update carries ` +
        `${formatNumber(own.rows_per_statement)} rows and one of ${rival} ${formatNumber(other.rows_per_statement)}: ` +
        `${words}${where(pairs, better)}.`,
      detail: `update sends ${sends(own)}, ${rival} ${sends(other)}.`,
      tone: better.includes(most) ? "good" : "bad",
    }];
  });
}

function sends({ statements_per_s, connections, writes_per_s }: ScalingRow): string {
  return `${formatNumber(statements_per_s)} statements/s over ${count(connections, "connection")} ` +
    `for ${formatNumber(writes_per_s)} writes/s`;
}

/** With which numbers of processes `update` gathers more, where that is not so with all of them. */
function where(pairs: readonly { processes: number }[], better: readonly { processes: number }[]): string {
  if (better.length === pairs.length || better.length === 0) return "";
  const numbers = (of: readonly { processes: number }[]) => listed(of.map(({ processes }) => String(processes)));
  const worse = pairs.filter((pair) => !better.includes(pair));
  return ` (more with ${numbers(better)}, not with ${numbers(worse)})`;
}
