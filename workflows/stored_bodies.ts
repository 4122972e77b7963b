/**
 * The bodies that a run has taken and that are stored outside of its history.
 *
 * @module
 */
import { sleep } from "@temporalio/workflow";
import { LIMITS } from "../src/protocol/limits.ts";
import type { SubmissionHeader } from "../src/protocol/messages.ts";
import { ignoreCancellation } from "./cancellation.ts";

/** Says when a run has to end because of the bodies that its history refers to. */
export class StoredBodies {
  #bytes = 0;
  #isOld = false;

  /** An Update is admitted. Only one whose body is stored has an effect, so histories without such are as before. */
  admit({ storedFromBytes }: SubmissionHeader, body: Uint8Array): void {
    if (storedFromBytes === undefined || body.length < storedFromBytes) return;
    if (this.#bytes === 0) {
      void sleep(LIMITS.runBodiesMsMax).then(() => {
        this.#isOld = true;
      }, ignoreCancellation);
    }
    this.#bytes += body.length;
  }

  /** Whether the run should roll over: a replay would read too much, or its bodies would have to be kept for too long. */
  get rollOverDue(): boolean {
    return this.#isOld || this.#bytes >= LIMITS.runBodiesBytesMax;
  }
}
