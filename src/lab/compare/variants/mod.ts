/**
 * All ways of writing, this project's own first: nothing outside of this folder names one.
 *
 * @module
 */
import type { Variant } from "../variant.ts";
import { activityVariant, directVariant } from "./row.ts";
import { signalVariant } from "./signal.ts";
import { updateVariant } from "./update.ts";

/** The variants, in the order in which they are shown. */
export const VARIANTS: readonly Variant[] = [updateVariant, signalVariant, activityVariant, directVariant];

/**
 * The variant of this name.
 *
 * @throws {Error} If there is none.
 */
export function variantOf(name: string): Variant {
  const found = VARIANTS.find((variant) => variant.name === name);
  if (found === undefined) throw new Error(`There is no variant '${name}'`);
  return found;
}
