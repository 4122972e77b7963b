/**
 * Marks what a client stores for a submission.
 *
 * @module
 */
import type { WorkflowClientInterceptor } from "@temporalio/client";
import { SUBMIT_WRITES_UPDATE } from "../protocol/names.ts";
import { storingSubmission } from "./body_storage.ts";

/** For clients whose Updates go to batchers. */
export function submissionInterceptor(): WorkflowClientInterceptor {
  return {
    startUpdate(input, next) {
      return input.updateName === SUBMIT_WRITES_UPDATE ? storingSubmission([], () => next(input)) : next(input);
    },
    startUpdateWithStart(input, next) {
      return input.updateName === SUBMIT_WRITES_UPDATE ? storingSubmission([], () => next(input)) : next(input);
    },
  };
}
