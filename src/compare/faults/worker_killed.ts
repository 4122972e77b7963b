/**
 * A worker that dies between commit and answer.
 *
 * @module
 */
import type { Fault } from "./fault.ts";
import { Trial } from "./trial.ts";

/** How long all rows may take to be stored after their callers were started. */
const STORED_WITHIN_MS = 10_000;

/** Kills the process of the workers that write, with SIGKILL, and starts a new one. */
export const workerKilledAfterCommit: Fault = {
  name: "worker-killed-after-commit",

  async run(stage) {
    const trial = new Trial(stage, this.name, { writes: stage.quick ? 20 : 100 });
    await stage.databaseWorker.tell("hang after commit");
    await trial.ask();
    await trial.untilStored(trial.asked.length, STORED_WITHIN_MS);
    await stage.databaseWorker.kill();
    const stored = trial.stored();
    await stage.startDatabaseWorker();
    await trial.answered();
    const whose = stage.variant.databaseRole === "batcher" ? "batcher's" : "callers'";
    return await trial.row(
      `The process of the ${whose} worker was killed when ${stored} rows were committed and before it answered, ` +
        "and a new one was started",
    );
  },
};
