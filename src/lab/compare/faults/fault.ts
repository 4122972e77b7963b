/**
 * What a fault is.
 *
 * @module
 */
import type { FaultName, FaultRow } from "../report_data.ts";
import type { Stage } from "./stage.ts";

/** Something that goes wrong on a stage, the same for every variant. */
export interface Fault {
  readonly name: FaultName;
  /** Makes it go wrong, waits until all has come to rest, and counts. */
  run(stage: Stage): Promise<FaultRow>;
}
