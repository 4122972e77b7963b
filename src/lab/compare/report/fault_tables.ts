/**
 * The tables of what went wrong.
 *
 * @module
 */
import { count, formatNumber } from "./figures.ts";
import { type Markup, markup } from "./markup.ts";
import type { CompareReport, FaultName, FaultRow, VariantName } from "../report_data.ts";
import { faultOf, faultsIn, variantsIn, type Wrong, WRONGS, wrongsOf, wrongTotal } from "./rows.ts";
import { alarming, renderGroup, renderReason, renderRow, renderTable, swatched } from "./tables.ts";
import { FAULT_WORDS, WRONG_WORDS } from "./words.ts";

/** What the three words mean. */
export function wrongWords(): Markup {
  return markup`<dl class="words">${
    WRONGS.map((kind) =>
      markup`
        <div>
          <dt>${kind}</dt>
          <dd>${WRONG_WORDS[kind]}</dd>
        </div>
      `
    )
  }</dl>`;
}

/** A row for each fault, a column for each variant, and the sums. */
export function faultMatrix(report: CompareReport): Markup {
  const variants = variantsIn(report).filter((name) => report.faults.some(({ variant }) => variant === name));
  const cells = (fault: FaultName) => variants.map((variant) => verdict(faultOf(report, fault, variant)));
  const rows = faultsIn(report).map((fault) => renderRow(FAULT_WORDS[fault], cells(fault)));
  const sums = renderRow("All faults", variants.map((variant) => total(report, variant)));
  return markup`<div class="faults">${
    renderTable({
      caption: "What callers were told against what the database holds",
      columns: ["fault", ...variants.map(swatched)],
      rows: [...rows, sums],
    })
  }</div>`;
}

function verdict(row: ReturnType<typeof faultOf>): Markup {
  if (row === undefined) return markup`<span class="none">not run</span>`;
  if ("impossible" in row) return markup`<span class="none">impossible</span>`;
  const failed = row.callers_failed > 0 ? markup`<br><small>${failures(row)}</small>` : "";
  return markup`${counts(row)}<br><small>of ${count(row.writes, "write")}</small>${failed}`;
}

/** Calm where all is zero. */
function counts(row: Pick<FaultRow, Wrong>): Markup {
  if (wrongsOf(row) === 0) return markup`<span class="calm">✓ 0 wrong</span>`;
  return markup`${
    WRONGS.filter((kind) => row[kind] > 0).map((kind) =>
      markup`
        <strong class="alarm">⚠ ${formatNumber(row[kind])} ${kind}</strong>
      `
    )
  }`;
}

function failures({ callers_failed, told_unknown }: Pick<FaultRow, "callers_failed" | "told_unknown">): string {
  const unknown = told_unknown > 0 ? `, ${formatNumber(told_unknown)} told “unknown”` : "";
  return `${count(callers_failed, "caller")} failed${unknown}`;
}

function total(report: CompareReport, variant: VariantName): Markup {
  const sums = wrongTotal(report, variant);
  if (sums.faults === 0) return markup`<span class="none">not run</span>`;
  return markup`${counts(sums)}<br><small>in ${sums.faultsWrong === 0 ? "" : `${formatNumber(sums.faultsWrong)} of `}${
    count(sums.faults, "fault")
  }</small>`;
}

/** Everything about each fault and variant, with a sentence for people. */
export function faultTable(report: CompareReport): Markup {
  const columns = ["variant", "writes", "phantom", "lost", "double", "callers failed", "told unknown", "what happened"];
  const groups = faultsIn(report).map((fault) => {
    const rows = variantsIn(report).flatMap((variant) => {
      const row = faultOf(report, fault, variant);
      if (row === undefined) return [];
      const heading = swatched(variant);
      if ("impossible" in row) return [renderReason(heading, `impossible: ${row.impossible}`, columns.length - 1)];
      return [renderRow(heading, [
        formatNumber(row.writes),
        ...WRONGS.map((kind) => alarming(row[kind])),
        formatNumber(row.callers_failed),
        formatNumber(row.told_unknown),
        markup`<span class="note">${row.note}</span>`,
      ])];
    });
    return renderGroup(FAULT_WORDS[fault], columns.length, rows);
  });
  return markup`<div class="told">${renderTable({ caption: "Each fault, told in full", columns, rows: groups })}</div>`;
}
