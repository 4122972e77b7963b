/**
 * All variants by name.
 *
 * @module
 */
import type { VariantName } from "./report_data.ts";
import type { Variant } from "./variant.ts";
import { activityVariant, directVariant } from "./variants/row.ts";
import { signalVariant } from "./variants/signal.ts";
import { updateVariant } from "./variants/update.ts";

/** The variants by name. */
export const VARIANT: Readonly<Record<VariantName, Variant>> = {
  update: updateVariant,
  signal: signalVariant,
  activity: activityVariant,
  direct: directVariant,
};
