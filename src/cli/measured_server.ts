/**
 * Which server a measurement is of.
 *
 * @module
 */

/** The server of a measurement: the one that is given or that `TEMPORAL_ADDRESS` names, else one is started for it. */
export const measuredFlag = {
  address: {
    type: "text",
    value: "HOST:PORT",
    help: "A Temporal server that runs (default: TEMPORAL_ADDRESS, or one is started for this)",
  },
} as const;

/** Says which server to measure; `undefined` where one is to be started, which no setting of another one is for. */
export function measuredAddress(given: string | undefined): string | undefined {
  const address = given ?? (Deno.env.get("TEMPORAL_ADDRESS") || undefined);
  if (address === undefined) forgetConfiguredServer();
  return address;
}

/** TLS, namespace and API key of another server are not for the one that is started here. */
function forgetConfiguredServer(): void {
  for (const name of Object.keys(Deno.env.toObject())) if (name.startsWith("TEMPORAL_")) Deno.env.delete(name);
  // A file that is not there: that of the user is for another server too. Writer processes inherit it.
  Deno.env.set("TEMPORAL_CONFIG_FILE", "none");
}
