/**
 * What a comparison found, in sentences that are computed from its figures.
 *
 * @module
 */
import { compareTo, count, formatMs, formatNumber, listed } from "./figures.ts";
import { type Comparison, comparisons } from "./measures.ts";
import type { CompareReport, LoadName, VariantName } from "../report_data.ts";
import { loadsIn, measuredLoad, variantsIn, WRONGS, wrongsOf, wrongTotal } from "./rows.ts";
import type { Finding } from "./finding.ts";
import { scalingFindings } from "./scaling_findings.ts";

const WITH: Readonly<Record<VariantName, string>> = {
  update: "with an Update",
  signal: "with signals",
  activity: "with a batch shared by the activities of a process",
  direct: "with a statement for each row",
};

const UNDER: Readonly<Record<LoadName, string>> = {
  idle: "Idle, without pauses",
  sparse: "Idle, with pauses",
  steady: "Under steady load",
  burst: "In a burst",
  trickle: "In a trickle under a window",
  clients: "As a client that is no workflow",
};

/** Everything that was found, the headline first. */
export function findings(report: CompareReport): Finding[] {
  const compared = comparisons(report);
  const found = [
    ...waitFindings(report),
    ...faultFindings(report),
    ...costFindings(compared),
    ...scalingFindings(report),
    ...rivalFindings(report, compared),
    ...failureFindings(report),
  ];
  return found.length > 0 ? found : [{ text: "Nothing was measured.", tone: "plain" }];
}

/** How long a caller waits with `update`, and with the first rival that was measured under the same load. */
function waitFindings(report: CompareReport): Finding[] {
  if (!variantsIn(report).includes("update")) {
    return [{
      text: "Updates were not among the variants of this run: there is nothing to compare them with.",
      tone: "plain",
    }];
  }
  return loadsIn(report).flatMap((scenario): Finding[] => {
    const own = measuredLoad(report, scenario, "update");
    if (own === undefined) return [];
    const rival = (["signal", "activity", "direct"] as const).find((name) => measuredLoad(report, scenario, name));
    if (rival === undefined) {
      return [{ text: `${UNDER[scenario]}, a caller waits ${formatMs(own.p50_ms)} ${WITH.update}.`, tone: "plain" }];
    }
    const other = measuredLoad(report, scenario, rival)!;
    const wait = compareTo(own.p50_ms, other.p50_ms);
    const call = compareTo(own.call_ms_p50, other.call_ms_p50);
    const p99 = compareTo(own.p99_ms, other.p99_ms);
    return [{
      // First what one clock measures for all: the wait ends at another place in each variant, and flatters update.
      text: `${UNDER[scenario]}, a whole call takes ${formatMs(own.call_ms_p50)} ${WITH.update} and ` +
        `${formatMs(other.call_ms_p50)} ${WITH[rival]}: ${call}.`,
      detail: `By its own clock, which leaves out more of update's wait than of others, a caller waits ` +
        `${formatMs(own.p50_ms)} and ${formatMs(other.p50_ms)}: ${wait}. These are medians; p99 of the wait: ` +
        `${formatMs(own.p99_ms)} and ${formatMs(other.p99_ms)}, ${p99}.`,
      tone: toneOf([wait, call]),
    }];
  });
}

/** For Updates if all that takes less time does, and against them if anything takes more. */
function toneOf(words: readonly string[]): Finding["tone"] {
  if (words.some((word) => word.endsWith("more"))) return "bad";
  return words.some((word) => word.endsWith("less")) ? "good" : "plain";
}

/** What callers were told that was not so: by `update`, and by all rivals. */
function faultFindings(report: CompareReport): Finding[] {
  const totals = variantsIn(report).map((variant) => ({ variant, total: wrongTotal(report, variant) }))
    .filter(({ total }) => total.faults > 0);
  const said = totals.map(({ variant, total }) => {
    const counts = WRONGS.map((kind) => `${formatNumber(total[kind])} ${kind}`);
    const where = total.faultsWrong === 0 ? "" : `${formatNumber(total.faultsWrong)} of `;
    return {
      variant,
      total,
      text: `${variant} has ${listed(counts)} writes in ${where}${count(total.faults, "fault")}`,
    };
  });
  const own = said.filter(({ variant }) => variant === "update");
  const rivals = said.filter(({ variant }) => variant !== "update").map(({ text }) => text);
  return [
    ...own.map(({ text, total }): Finding => ({
      text: `When something goes wrong, ${text}.`,
      tone: wrongsOf(total) > 0 ? "bad" : "good",
    })),
    ...rivals.length === 0 ? [] : [{ text: `In the same faults, ${rivals.join("; ")}.`, tone: "plain" } as const],
  ];
}

/** What a write costs with `update` and with signals, else with the first rival. */
function costFindings(compared: readonly Comparison[]): Finding[] {
  const costs = compared.filter(({ measure }) => measure.field === "actions_per_write");
  const cost = costs.find(({ scenario }) => scenario === "steady") ?? costs[0];
  if (cost === undefined) return [];
  return [{
    text: `A write costs ${cost.measure.format(cost.own)} billable actions with update and ` +
      `${cost.measure.format(cost.other)} with ${cost.rival} (${cost.scenario}): ${compareTo(cost.own, cost.other)}.`,
    tone: cost.better === "own" ? "good" : cost.better === "other" ? "bad" : "plain",
  }];
}

/** In how much each rival does better. */
function rivalFindings(report: CompareReport, compared: readonly Comparison[]): Finding[] {
  return variantsIn(report).flatMap((rival): Finding[] => {
    const against = compared.filter((row) => row.rival === rival);
    if (against.length === 0) return [];
    const [lost, won] = (["other", "own"] as const).map((who) => against.filter(({ better }) => better === who));
    const text = `${rival} does better than update in ${lost.length} of ${count(against.length, "comparison")}, ` +
      `and worse in ${won.length}.`;
    return lost.length === 0 ? [{ text, tone: "good" }] : [{ text, detail: `${named(lost)}.`, tone: "bad" }];
  });
}

/** Each measure once, with the loads. */
function named(lost: readonly Comparison[]): string {
  const cases = [...Map.groupBy(lost, ({ measure }) => measure)].map(([measure, rows]) =>
    `${measure.name} (${
      rows.map(({ scenario, own, other }) => `${scenario} ${measure.format(other)} against ${measure.format(own)}`)
        .join(", ")
    })`
  );
  return `Better in ${cases.join("; ")}`;
}

/** Callers that failed although nothing was broken. */
function failureFindings({ loads }: CompareReport): Finding[] {
  return loads.flatMap((row): Finding[] =>
    "impossible" in row || !(row.failed > 0) ? [] : [{
      text: `${count(row.failed, "caller")} of ${row.variant} failed under ${row.scenario} load, with nothing broken.`,
      tone: row.variant === "update" ? "bad" : "plain",
    }]
  );
}
