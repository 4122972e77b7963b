/**
 * `deno task compare`: this project beside other ways of writing.
 *
 * @module
 */
import { ACTION_RULES } from "../lab/compare/actions.ts";
import { compare, type ComparedRow, type ComparisonOptions, rowsIn, sortRows } from "../lab/compare/comparison.ts";
import { startComparison } from "../lab/compare/context.ts";
import { FULL_PLAN, QUICK_PLAN } from "../lab/compare/load_plan.ts";
import { describeMachine, readVersions } from "../lab/compare/machine.ts";
import { methodOf, NOT_MEASURED } from "../lab/compare/method.ts";
import type { CompareReport } from "../lab/compare/report_data.ts";
import { renderChartSvg } from "../lab/compare/report/chart.ts";
import { renderHtml } from "../lab/compare/report/page.ts";
import { renderText } from "../lab/compare/report/text.ts";
import type { Variant } from "../lab/compare/variant.ts";
import { VARIANTS } from "../lab/compare/variants/mod.ts";
import { createLog } from "../worker/log.ts";
import { installRuntime } from "../worker/runtime.ts";
import { EXIT_FAILED, EXIT_INTERRUPTED, main, UsageError } from "./command.ts";
import { measuredAddress, measuredFlag } from "./measured_server.ts";
import { showSteps } from "./progress.ts";
import { connectOrExplain } from "./server_access.ts";
import { asciiJson } from "./shown_text.ts";

const NAMES = VARIANTS.map(({ name }) => name);

await main({
  usage: "deno task compare",
  summary:
    "Compares ways of writing, on a Temporal server and databases of its own. The variants take turns under the same\n" +
    "loads; then everything that can go wrong is made to. Ends with a report: tables here, and files in --out. Takes\n" +
    "about 25 minutes.\n\n" +
    "Variants:\n" + VARIANTS.map(({ name, what }) => `  ${name.padEnd(10)}  ${what}`).join("\n"),
  flags: {
    quick: { type: "switch", help: "Less of everything: ends within 5 minutes" },
    out: { type: "text", value: "DIR", default: "comparison", help: "Where report.json, report.html and chart.svg go" },
    variants: {
      type: "text",
      value: "NAMES",
      default: NAMES.join(","),
      help: "Which ones to compare, with commas between them",
    },
    ...measuredFlag,
    server: { type: "text", value: "HOST:PORT", help: "The same as --address" },
    json: { type: "switch", help: "Print one JSON object a line as it is measured, instead of tables in the end" },
  },
  examples: ["deno task compare --quick", `deno task compare --quick --json --variants ${NAMES.slice(0, 2).join(",")}`],
  async run(flags, _operands, signal) {
    const variants = variantsOf(flags.variants);
    if (flags.address !== undefined && flags.server !== undefined) {
      throw new UsageError("--address and --server are the same: give one of them");
    }
    const address = measuredAddress(flags.address ?? flags.server);
    if (address !== undefined) await (await connectOrExplain(address))[Symbol.asyncDispose]();
    await prepareFolder(flags.out);
    const log = createLog("warn");
    installRuntime(log, "warn");
    const options: ComparisonOptions = { plan: flags.quick ? QUICK_PLAN : FULL_PLAN, variants };
    const steps = showSteps(rowsIn(options), flags.json);
    const startedAt = new Date();
    await using context = await startComparison({
      address,
      quick: flags.quick,
      log,
      signal,
      progress: (what) => steps.now(what),
    });
    const rows: ComparedRow[] = [];
    try {
      await compare(context, options, (compared) => {
        rows.push(compared);
        steps.done();
        if (flags.json) console.log(asciiJson(asLine(compared)));
      });
    } catch (error) {
      steps.stop();
      if (signal.aborted) return EXIT_INTERRUPTED;
      console.error(`error: ${(error as Error).message}`);
      return EXIT_FAILED;
    }
    steps.stop();
    const report: CompareReport = {
      format: 2,
      command: ["deno task compare", ...Deno.args].join(" "),
      startedAt: startedAt.toISOString(),
      durationS: Math.round((Date.now() - startedAt.getTime()) / 1_000),
      quick: flags.quick,
      machine: describeMachine(),
      versions: await readVersions(context.client),
      variants: variants.map(({ name, what, colour }) => ({ name, what, colour })),
      method: methodOf(options),
      notMeasured: NOT_MEASURED,
      actionRules: ACTION_RULES,
      ...sortRows(rows, options),
    };
    if (!flags.json) console.log(renderText(report));
    await writeReport(flags.out, report);
    console.error(`Report: ${flags.out}/report.html, with report.json and chart.svg beside it`);
    return 0;
  },
});

function variantsOf(text: string): Variant[] {
  const given = text.split(",").map((name) => name.trim());
  for (const name of given) {
    if (!NAMES.includes(name)) {
      throw new UsageError(`Unknown variant ${JSON.stringify(name)}: it must be one of ${NAMES.join(", ")}`);
    }
  }
  return VARIANTS.filter(({ name }) => given.includes(name));
}

/** Before all the work, so that it is not for nothing. */
async function prepareFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.remove(await Deno.makeTempFile({ dir: folder }));
  } catch (error) {
    throw new UsageError(`Cannot write to --out ${folder} (${(error as Error).message})`);
  }
}

function asLine({ part, row }: ComparedRow): object {
  return part === "scaling" ? { scaling: "worker processes", ...row } : row;
}

async function writeReport(folder: string, report: CompareReport): Promise<void> {
  await Deno.writeTextFile(`${folder}/report.json`, JSON.stringify(report, null, 2) + "\n");
  await Deno.writeTextFile(`${folder}/report.html`, renderHtml(report));
  await Deno.writeTextFile(`${folder}/chart.svg`, renderChartSvg(report));
}
