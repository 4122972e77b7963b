/**
 * The parts of a report's page.
 *
 * @module
 */
import { type CompareReport, CURVE_PERCENTILES, type LoadName } from "../report_data.ts";
import { costFigures, loadFigures, overviewFigure, scalingFigures } from "./charts.ts";
import { faultMatrix, faultTable, wrongWords } from "./fault_tables.ts";
import { count, formatDuration, formatNumber, listed } from "./figures.ts";
import { type Markup, markup } from "./markup.ts";
import { comparisons } from "./measures.ts";
import { loadsIn, measuredLoad, variantsIn } from "./rows.ts";
import {
  costTable,
  loadTables,
  overviewTable,
  renderRow,
  renderTable,
  rivalTable,
  scalingTable,
  swatched,
} from "./tables.ts";
import { LOAD_WORDS, VARIANT_WORDS } from "./words.ts";

/** A part of the page. */
export interface Section {
  readonly id: string;
  readonly heading: string;
  readonly content: readonly Markup[];
}

/** All parts of a page that have something to show, in their order. */
export function sectionsOf(report: CompareReport): Section[] {
  const sections: readonly Section[] = [
    { id: "variants", heading: "What is compared", content: [variantList(report)] },
    {
      id: "overview",
      heading: "How long a caller waits",
      content: report.loads.length === 0 ? [] : [overviewFigure(report), overviewTable(report)],
    },
    ...loadsIn(report).map((scenario) => loadSection(report, scenario)),
    { id: "costs", heading: "What a write costs", content: costs(report) },
    { id: "scaling", heading: "More worker processes", content: scaling(report) },
    { id: "faults", heading: "What can go wrong", content: faults(report) },
    { id: "rivals", heading: "Where a rival does better", content: rivals(report) },
    { id: "method", heading: "What was measured, and how", content: [method(report)] },
    {
      id: "not-measured",
      heading: "What was not measured",
      content: report.notMeasured.length === 0 ? [] : [list(report.notMeasured)],
    },
  ];
  return sections.filter(({ content }) => content.length > 0);
}

function list(sentences: readonly string[]): Markup {
  return markup`<ul>${sentences.map((sentence) => markup`<li>${sentence}</li>`)}</ul>`;
}

function variantList(report: CompareReport): Markup {
  return markup`<dl class="facts">${
    variantsIn(report).map((name) =>
      markup`
        <div>
          <dt>${swatched(name)}</dt>
          <dd>${VARIANT_WORDS[name]}</dd>
        </div>
      `
    )
  }</dl>`;
}

function loadSection(report: CompareReport, scenario: LoadName): Section {
  const [curves, ...bars] = loadFigures(report, scenario);
  const charts = curves === undefined ? [] : [markup`<div class="charts load">${curves}${bars}</div>`];
  const impossible = report.loads.flatMap((row) =>
    row.scenario === scenario && "impossible" in row ? [`Impossible for ${row.variant}: ${row.impossible}`] : []
  );
  return {
    id: `load-${scenario}`,
    heading: `Load: ${scenario}`,
    content: [
      markup`<p class="lead">${LOAD_WORDS[scenario]}</p>`,
      ...impossible.length === 0 ? [] : [list(impossible)],
      ...charts,
      ...loadTables(report, scenario),
      ...fewSamples(report, scenario),
    ],
  };
}

/** Says where a percentile is but the slowest write of a small sample. */
function fewSamples(report: CompareReport, scenario: LoadName): Markup[] {
  const sizes = variantsIn(report).flatMap((variant) => measuredLoad(report, scenario, variant)?.writes ?? []);
  const least = Math.min(...sizes);
  const single = CURVE_PERCENTILES.filter((percentile) => percentile < 100 && least * (1 - percentile / 100) < 1);
  if (sizes.length === 0 || single.length === 0) return [];
  const names = listed(single.map((percentile) => `p${percentile}`));
  const said = `The smallest sample has ${count(least, "write")}: ${names} of it ${
    single.length === 1 ? "is" : "are"
  } about its slowest one.`;
  return [markup`<p class="detail">${said}</p>`];
}

function costs(report: CompareReport): Markup[] {
  if (report.loads.length === 0) return [];
  const rules = report.actionRules.map(({ what, actions }) => renderRow(what, [actions]));
  return [
    markup`<div class="charts three">${costFigures(report)}</div>`,
    costTable(report),
    renderTable({ caption: "How actions are counted", columns: ["what", "actions"], rows: rules }),
  ];
}

function scaling(report: CompareReport): Markup[] {
  if (report.scaling.length === 0) return [];
  return [markup`<div class="charts">${scalingFigures(report)}</div>`, scalingTable(report)];
}

function faults(report: CompareReport): Markup[] {
  if (report.faults.length === 0) return [];
  return [wrongWords(), faultMatrix(report), faultTable(report)];
}

function rivals(report: CompareReport): Markup[] {
  const compared = comparisons(report);
  if (!compared.some(({ better }) => better === "other")) return [];
  const said = "Every figure of a load in which a rival is better than update by more than a tenth.";
  return [markup`<p class="lead">${said}</p>`, rivalTable(compared)];
}

/** When a comparison was made, and how long it took. */
export function whenOf({ startedAt, durationS }: CompareReport): string {
  const minute = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(startedAt);
  return `${minute === null ? startedAt : `${minute[1]} ${minute[2]} UTC`}, took ${formatDuration(durationS)}`;
}

/** What a comparison ran on. */
export function machineOf({ machine: { cpus, cpu, memoryGiB, os } }: CompareReport): string {
  return `${formatNumber(cpus)} × ${cpu}, ${formatNumber(memoryGiB)} GiB, ${os}`;
}

function method(report: CompareReport): Markup {
  const facts: readonly (readonly [string, string | Markup])[] = [
    ["Command", markup`<code>${report.command}</code>`],
    ["Started", whenOf(report)],
    ["Machine", machineOf(report)],
    ...Object.entries(report.versions),
  ];
  return markup`${list(report.method)}<dl class="facts">${
    facts.map(([name, value]) =>
      markup`
        <div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl>`;
}
