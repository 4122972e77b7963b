/**
 * A row that the database refuses, among rows that it takes.
 *
 * @module
 */
import type { Fault } from "./fault.ts";
import { BATCH_WRITES, Trial } from "./trial.ts";

/** Which write is bad. */
const BAD = 25;

/** One bad row in a batch. */
export const badRowInBatch: Fault = {
  name: "bad-row-in-batch",

  async run(stage) {
    const waitMs = stage.quick ? 10_000 : 60_000;
    const trial = new Trial(stage, this.name, {
      writes: BATCH_WRITES,
      waitMs,
      amountOf: (n) => n === BAD ? -1 : n,
      // A batch that is refused for its bad row is refused as often as it is tried.
      restWithinMs: 10_000,
    });
    await trial.askTogether();
    await trial.answered();
    const stored = trial.stored();
    return await trial.row(
      `One of ${BATCH_WRITES} rows had an amount that the database refuses, while callers wait ${waitMs / 1_000} s`,
      [`${stored} of the ${BATCH_WRITES - 1} good rows were stored`],
    );
  },
};
