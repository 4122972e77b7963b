/**
 * A worker that dies between commit and answer.
 *
 * @module
 */
import type { Fault } from "./fault.ts";
import { BATCH_WRITES, Trial } from "./trial.ts";

/** Kills the process of the workers that write, with SIGKILL, and starts a new one. */
export const workerKilledAfterCommit: Fault = {
  name: "worker-killed-after-commit",

  async run(stage) {
    const trial = new Trial(stage, this.name, { writes: BATCH_WRITES });
    await stage.databaseWorker.tell("hang after commit");
    await trial.askTogether();
    const stored = await trial.storedWhileHeld();
    await stage.databaseWorker.kill();
    await stage.startDatabaseWorker();
    await trial.answered();
    const whose = stage.variant.databaseRole === "batcher" ? "batcher's" : "callers'";
    return await trial.row(
      `With ${stored} of ${trial.asked.length} rows committed and none answered, the process of the ${whose} worker was ` +
        "killed, and a new one started",
    );
  },
};
