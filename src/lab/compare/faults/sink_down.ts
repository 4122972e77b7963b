/**
 * The database cannot be reached for a while: for less time than the callers wait, and for more.
 *
 * @module
 */
import type { FaultName, FaultRow } from "../report_data.ts";
import type { Fault } from "./fault.ts";
import type { Stage } from "./stage.ts";
import { CONFIRMATION_TIMEOUT_MS } from "../variant.ts";
import { Trial, usualWrites } from "./trial.ts";
import { pause } from "./waiting.ts";

/** Callers have two minutes, the database is away for ten seconds. */
export const sinkDown10s: Fault = {
  name: "sink-down-10s",
  run(stage) {
    return runOutage(stage, this.name, { waitMs: CONFIRMATION_TIMEOUT_MS, downMs: 10_000 });
  },
};

/** Callers have given up when the database is back. */
export const sinkDownLongerThanCallersWait: Fault = {
  name: "sink-down-longer-than-callers-wait",
  run(stage) {
    const waitMs = stage.quick ? 5_000 : 20_000;
    return runOutage(stage, this.name, { waitMs, downMs: stage.quick ? 12_000 : 45_000 });
  },
};

interface Outage {
  readonly waitMs: number;
  readonly downMs: number;
}

async function runOutage(stage: Stage, fault: FaultName, { waitMs, downMs }: Outage): Promise<FaultRow> {
  const trial = new Trial(stage, fault, { writes: usualWrites(stage.quick), waitMs });
  await stage.databaseWorker.tell("sink down");
  await trial.ask();
  await pause(downMs, stage.signal);
  await stage.databaseWorker.tell("sink up");
  await trial.answered();
  return await trial.row(
    `The database refused every call for ${downMs / 1_000} s, while callers wait ${waitMs / 1_000} s`,
  );
}
