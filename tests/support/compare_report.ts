/**
 * A comparison that never ran: plausible figures for the tests of its report.
 *
 * @module
 */
import type {
  CompareReport,
  FaultName,
  FaultRow,
  ImpossibleLoad,
  LoadName,
  LoadRow,
} from "../../src/lab/compare/report_data.ts";

/** Waits at 50, 95, 99 and 100 percent, and all that is not a wait. */
type Figures = readonly [
  p50: number,
  p95: number,
  p99: number,
  max: number,
  writes: number,
  writesPerS: number,
  rowsPerStatement: number,
  events: number,
  bytes: number,
  actions: number,
  cpuS: number,
];

function load(scenario: LoadName, variant: string, figures: Figures): LoadRow {
  const [p50_ms, p95_ms, p99_ms, max_ms, writes, writes_per_s, rows_per_statement, events, bytes, actions, cpuS] =
    figures;
  return {
    scenario,
    variant,
    writes,
    failed: 0,
    p50_ms,
    p95_ms,
    p99_ms,
    max_ms,
    call_ms_p50: p50_ms + (scenario === "clients" ? 0 : 9),
    call_ms_p99: p99_ms + (scenario === "clients" ? 0 : 21),
    writes_per_s,
    statements_per_s: Math.round(100 * writes_per_s / rows_per_statement) / 100,
    rows_per_statement,
    events_per_write: events,
    history_bytes_per_write: bytes,
    actions_per_write: actions,
    worker_cpu_s_per_1000_writes: cpuS,
  };
}

const NO_ANSWER = "A signal has no result, and the confirmation goes to a workflow: this writer is none";
const NO_WORKFLOW = "It is an activity, and an activity runs for a workflow only";

const LOAD_ROWS: readonly (LoadRow | ImpossibleLoad)[] = [
  load("idle", "update", [6.5, 9.4, 14.2, 21, 120, 131, 1, 8.1, 1_420, 3.02, 4.1]),
  load("idle", "signal", [121, 163, 214, 251, 120, 7.9, 1, 21.4, 5_210, 5.2, 11.3]),
  load("idle", "activity", [30.2, 38.1, 46.3, 52, 120, 31.5, 1, 11, 2_060, 2, 5.7]),
  load("idle", "direct", [28.4, 36.5, 44.8, 60.1, 120, 33.8, 1, 11, 2_010, 2, 5.4]),
  load("sparse", "update", [6.1, 8.8, 12.9, 15, 100, 10, 1, 8.1, 1_410, 3.01, 4.4]),
  load("sparse", "signal", [64, 88, 104, 111, 100, 10, 1, 21.2, 5_190, 5.2, 11.9]),
  load("sparse", "activity", [12.8, 17.3, 22.5, 26, 100, 10, 1, 11, 2_060, 2, 6]),
  load("sparse", "direct", [12.1, 16.9, 21.4, 24.2, 100, 10, 1, 11, 2_010, 2, 5.6]),
  load("steady", "update", [72, 118, 161, 240, 3_000, 640, 24.6, 6.4, 1_180, 2.08, 2.4]),
  load("steady", "signal", [612, 1_180, 1_640, 2_210, 3_000, 74, 41.3, 16.9, 4_480, 5.06, 9.8]),
  load("steady", "activity", [64, 96, 131, 190, 3_000, 702, 18.2, 11, 2_050, 2, 3.1]),
  load("steady", "direct", [66, 101, 142, 205, 3_000, 688, 1, 11, 2_000, 2, 3.6]),
  load("burst", "update", [1_420, 2_510, 2_830, 2_940, 1_500, 168, 83.3, 6.1, 1_120, 2.01, 2.2]),
  load("burst", "signal", [6_840, 11_240, 12_310, 12_700, 1_500, 39.5, 93.8, 16.4, 4_390, 5.03, 9.1]),
  load("burst", "activity", [1_310, 2_260, 2_480, 2_600, 1_500, 187, 36.4, 11, 2_050, 2, 3]),
  load("burst", "direct", [1_350, 2_390, 2_610, 2_770, 1_500, 180, 1, 11, 2_000, 2, 3.5]),
  load("trickle", "update", [1_040, 1_930, 2_020, 2_060, 400, 19.8, 38.1, 6.3, 1_170, 2.06, 2.9]),
  load("trickle", "signal", [1_210, 2_140, 2_290, 2_330, 400, 18.1, 36.4, 16.8, 4_450, 5.05, 10.4]),
  load("trickle", "activity", [1_030, 1_920, 2_010, 2_040, 400, 19.9, 19.2, 11, 2_050, 2, 3.4]),
  load("trickle", "direct", [29.1, 41.2, 55.6, 71, 400, 20, 1, 11, 2_000, 2, 4.2]),
  load("clients", "update", [11.2, 19.8, 31.5, 44, 5_000, 4_120, 412, 0.018, 131, 0.006, 0.31]),
  { scenario: "clients", variant: "signal", impossible: NO_ANSWER },
  { scenario: "clients", variant: "activity", impossible: NO_WORKFLOW },
  { scenario: "clients", variant: "direct", impossible: NO_WORKFLOW },
];

/** Phantom, lost, double, callers that failed, and those of them that were told "unknown". */
type Wrongs = readonly [phantom: number, lost: number, double: number, failed: number, unknown: number];

const FAULT_FIGURES: readonly (readonly [FaultName, variant: string, writes: number, Wrongs, note: string])[] = [
  ["duplicate-after-success", "update", 20, [0, 0, 0, 0, 0], "The second caller got the first one's receipt."],
  ["duplicate-after-success", "signal", 20, [0, 0, 20, 0, 0], "The id was forgotten, and the row was stored again."],
  ["duplicate-after-success", "activity", 20, [0, 0, 0, 0, 0], "The ledger knew the id."],
  ["duplicate-after-success", "direct", 20, [0, 0, 0, 0, 0], "The ledger knew the id."],
  ["undeliverable-confirmation", "signal", 20, [20, 0, 0, 20, 0], "Rows were stored; callers were told of a timeout."],
  ["sink-down-10s", "update", 50, [0, 0, 0, 0, 0], "The durable attempt took over; callers waited 10.6 s."],
  ["sink-down-10s", "signal", 50, [0, 0, 0, 0, 0], "The activity was tried again; callers waited 13.1 s."],
  ["sink-down-10s", "activity", 50, [0, 0, 0, 0, 0], "Activities were tried again; callers waited 12.4 s."],
  ["sink-down-10s", "direct", 50, [0, 0, 0, 0, 0], "Activities were tried again; callers waited 12.7 s."],
  [
    "sink-down-longer-than-callers-wait",
    "update",
    50,
    [0, 0, 0, 50, 50],
    "Callers were told that the outcome is unknown.",
  ],
  [
    "sink-down-longer-than-callers-wait",
    "signal",
    50,
    [50, 0, 0, 50, 0],
    "The batch went back to the queue, and was stored after callers had failed.",
  ],
  ["sink-down-longer-than-callers-wait", "activity", 50, [0, 0, 0, 50, 0], "Callers failed, and no row was stored."],
  [
    "sink-down-longer-than-callers-wait",
    "direct",
    50,
    [3, 0, 0, 50, 0],
    "Three rows were stored by attempts that had timed out.",
  ],
  ["worker-killed-after-commit", "update", 50, [0, 0, 0, 0, 0], "The ledger knew the batch; callers waited 4.5 s."],
  ["worker-killed-after-commit", "signal", 50, [0, 0, 50, 0, 0], "The batch was written a second time."],
  ["worker-killed-after-commit", "activity", 50, [0, 0, 0, 0, 0], "The ledger knew the rows."],
  ["worker-killed-after-commit", "direct", 50, [0, 0, 0, 0, 0], "The ledger knew the rows."],
  ["bad-row-in-batch", "update", 50, [0, 0, 0, 1, 0], "The bad row alone was rejected."],
  ["bad-row-in-batch", "signal", 50, [0, 0, 0, 50, 0], "No row was stored, and the batch is tried again for ever."],
  ["bad-row-in-batch", "activity", 50, [0, 0, 0, 1, 0], "The bad row alone was rejected."],
  ["bad-row-in-batch", "direct", 50, [0, 0, 0, 1, 0], "The bad row alone was rejected."],
  ["caller-reset-after-write", "update", 10, [0, 0, 0, 0, 0], "The id survived the reset, and the ledger knew it."],
  ["caller-reset-after-write", "signal", 10, [0, 0, 10, 0, 0], "The id held the run's, and the reset had another run."],
  ["caller-reset-after-write", "activity", 10, [0, 0, 0, 0, 0], "The id survived the reset, and the ledger knew it."],
  ["caller-reset-after-write", "direct", 10, [0, 0, 0, 0, 0], "The id survived the reset, and the ledger knew it."],
  ["server-restart", "update", 50, [0, 0, 0, 0, 0], "Callers waited 6.2 s."],
  ["server-restart", "signal", 50, [2, 1, 4, 2, 0], "Confirmations were lost, and a batch was written again."],
  ["server-restart", "activity", 50, [0, 0, 0, 0, 0], "Callers waited 7.9 s."],
  ["server-restart", "direct", 50, [0, 0, 0, 0, 0], "Callers waited 8.3 s."],
];

const SCALING_FIGURES: readonly (readonly [variant: string, processes: number, ...number[]])[] = [
  ["update", 1, 610, 76, 25.2, 24.2, 2],
  ["activity", 1, 690, 64, 38.1, 18.1, 2],
  ["direct", 1, 672, 66, 672, 1, 2],
  ["update", 4, 655, 71, 27.6, 23.7, 2],
  ["activity", 4, 704, 63, 141, 4.99, 8],
  ["direct", 4, 690, 65, 690, 1, 8],
  ["update", 8, 648, 73, 28.1, 23.1, 2],
  ["activity", 8, 698, 65, 268, 2.6, 16],
  ["direct", 8, 684, 67, 684, 1, 16],
];

/** A made-up comparison of all variants, loads and faults. */
export function madeUpReport(): CompareReport {
  return {
    format: 2,
    command: "deno task compare --quick",
    startedAt: "2026-01-02T03:04:05.678Z",
    durationS: 284,
    quick: true,
    machine: { cpus: 2, cpu: "A made-up CPU at 2.5 GHz", memoryGiB: 8, os: "linux x86_64" },
    versions: { "deno": "2.9.6", "temporal server": "1.32.0", "temporal sdk": "1.24.0", "sqlite": "3.50.4" },
    variants: [
      { name: "update", what: "a made-up way", colour: { light: "#0b62d6", dark: "#58a6ff" } },
      { name: "signal", what: "another way", colour: { light: "#cf4f00", dark: "#ff9248" } },
      { name: "activity", what: "a third way", colour: { light: "#00876c", dark: "#3fd0a8" } },
      { name: "direct", what: "the last way", colour: { light: "#777f88", dark: "#8d96a0" } },
    ],
    method: [
      "These figures are made up for a test: nothing was measured.",
      "Rounds of the variants alternate, on the same server, workers, sink and load.",
      "Each round begins with a warm-up that is not counted.",
      "A caller's wait is taken in the caller, from its submission to its answer.",
    ],
    notMeasured: ["More than one machine.", "A Temporal server on a database of its own."],
    actionRules: [
      { what: "Workflow started", actions: "1" },
      { what: "Update", actions: "1" },
      { what: "Signal", actions: "1" },
      { what: "Activity started or retried", actions: "1" },
    ],
    loads: LOAD_ROWS,
    faults: FAULT_FIGURES.map((
      [fault, variant, writes, [phantom, lost, double, callers_failed, told_unknown], note],
    ): FaultRow => ({ fault, variant, writes, phantom, lost, double, callers_failed, told_unknown, note })),
    scaling: SCALING_FIGURES.map(([variant, processes, writes_per_s, p50_ms, statements_per_s, rows, connections]) => ({
      variant,
      processes,
      writes_per_s,
      p50_ms,
      statements_per_s,
      rows_per_statement: rows,
      connections,
    })),
  };
}

/** What could be a command to a page, to a picture or to a terminal. */
export const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&\x1b]0;title\x07\u202e\ud800`;

/** The same comparison with every text that is free replaced by {@linkcode HOSTILE}. */
export function hostileReport(): CompareReport {
  const report = madeUpReport();
  return {
    ...report,
    command: HOSTILE,
    startedAt: HOSTILE,
    machine: { ...report.machine, cpu: HOSTILE, os: HOSTILE },
    versions: { [HOSTILE]: HOSTILE },
    method: [HOSTILE],
    notMeasured: [HOSTILE],
    actionRules: [{ what: HOSTILE, actions: HOSTILE }],
    loads: report.loads.map((row) => "impossible" in row ? { ...row, impossible: HOSTILE } : row),
    faults: report.faults.map((row) => ({ ...row, note: HOSTILE })),
  };
}
