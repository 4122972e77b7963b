/**
 * When a window of a variant begins.
 *
 * @module
 */
import type { Stage } from "./stage.ts";
import { cameTrue, pause } from "./waiting.ts";

/** Waits until a window begins; what is asked for then meets in one batch, if it is quick enough. */
export async function windowBegins(
  { client, variant, policy: { windowMs }, batcherIds: [batcherId], signal }: Stage,
): Promise<void> {
  // Ours and the one inside of a worker end at multiples of their length on the clock.
  if (variant.name !== "signal") return await pause(windowMs - Date.now() % windowMs, signal);
  // That of the signal batcher begins when its loop turns, and each turn leaves events.
  const batcher = client.workflow.getHandle(batcherId);
  const eventsNow = async () => (await batcher.describe()).historyLength;
  const before = await eventsNow();
  await cameTrue(async () => await eventsNow() !== before, { withinMs: 2 * windowMs, signal });
}
