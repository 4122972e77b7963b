/**
 * A Temporal server that is killed and started again while writes are under way.
 *
 * @module
 */
import { connectClient } from "../../client/connection.ts";
import { startDevServer } from "../../server/dev_server.ts";
import type { CompareContext } from "../compare_context.ts";
import type { FaultRow, VariantName } from "../report_data.ts";
import { NO_WINDOW } from "../variant.ts";
import { Stage } from "./stage.ts";
import { Trial } from "./trial.ts";
import { pause } from "./waiting.ts";

const FAULT = "server-restart";

/** Between two callers: so that the server dies with writes in every state. */
const BETWEEN_CALLERS_MS = 100;

/** Kills the server, one for all variants, with SIGKILL when half of the callers were started, and starts it again. */
export async function* runServerRestart(
  context: CompareContext,
  variants: readonly VariantName[],
  signal: AbortSignal,
): AsyncGenerator<FaultRow> {
  await using stack = new AsyncDisposableStack();
  const options = { ui: false, dbFilename: `${context.directory}/server-restart.db`, log: context.log.info };
  const doomed = stack.use(await startDevServer({ ...options, port: 0 }));
  const { address } = doomed;
  const { client } = stack.use(await connectClient({ address }));
  const writes = context.quick ? 20 : 100;
  const opened = await Promise.allSettled(
    variants.map((variant) => Stage.open(context, variant, { policy: NO_WINDOW[variant], address, client, signal })),
  );
  const stages = opened.flatMap((result) => result.status === "fulfilled" ? stack.use(result.value) : []);
  for (const result of opened) if (result.status === "rejected") throw result.reason;

  const trials = stages.map((stage) => new Trial(stage, FAULT, { writes }));
  const asking: Promise<void>[] = [];
  let stored: number[] = [];
  let restarted: Promise<void> | undefined;
  for (let n = 0; n < writes; n++) {
    if (n === writes / 2) {
      restarted = (async () => {
        Deno.kill(doomed.pid!, "SIGKILL");
        await doomed.stop();
        stored = trials.map((trial) => trial.stored());
        stack.use(await startDevServer({ ...options, port: Number(address.split(":")[1]) }));
      })();
      restarted.catch(() => {});
    }
    for (const trial of trials) {
      const one = trial.ask(n, n + 1);
      one.catch(() => {});
      asking.push(one);
    }
    await pause(BETWEEN_CALLERS_MS, signal);
  }
  await restarted;
  await Promise.all(asking);
  const rows = trials.map(async (trial, i) => {
    await trial.answered();
    return await trial.row(
      `The server was killed when ${stored[i]} of ${writes} rows were stored and others were under way, ` +
        "and started again with its state",
    );
  });
  yield* await Promise.all(rows);
}
