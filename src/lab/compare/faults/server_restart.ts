/**
 * A Temporal server that is killed and started again while writes are under way.
 *
 * @module
 */
import { connectClient } from "../../../client/connection.ts";
import { startDevServer } from "../../../server/dev_server.ts";
import { poll } from "../../harness/waiting.ts";
import type { CompareContext } from "../context.ts";
import type { FaultRow } from "../report_data.ts";
import type { Variant } from "../variant.ts";
import { Stage } from "./stage.ts";
import { Trial, usualWrites } from "./trial.ts";

const FAULT = "server-restart";

/** How long every variant may take to have stored its first row. */
const FIRST_ROW_WITHIN_MS = 30_000;

/** Kills the server, one for all variants, with SIGKILL with writes in every state, and starts it again. */
export async function runServerRestart(
  context: CompareContext,
  variants: readonly Variant[],
  signal: AbortSignal,
  tell: (row: FaultRow) => void,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const options = { ui: false, dbFilename: `${context.directory}/server-restart.db`, log: context.log.info };
  let server = await startDevServer({ ...options, port: 0 });
  stack.defer(() => server.stop());
  const { address } = server;
  const { client } = stack.use(await connectClient({ address }));
  const writes = usualWrites(context.quick);
  const opened = await Promise.allSettled(
    variants.map((variant) => Stage.open(context, variant, { policy: variant.noWindow, address, client, signal })),
  );
  const stages = opened.flatMap((result) => result.status === "fulfilled" ? stack.use(result.value) : []);
  for (const result of opened) if (result.status === "rejected") throw result.reason;

  const trials = stages.map((stage) => new Trial(stage, FAULT, { writes }));
  const ask = (from: number, to: number) => Promise.all(trials.map((trial) => trial.ask(from, to)));
  await ask(0, writes / 4);
  const stored = () => trials.map((trial) => trial.stored());
  await poll(() => stored().every((rows) => rows > 0), { withinMs: FIRST_ROW_WITHIN_MS, signal });
  await ask(writes / 4, writes / 2);
  const asking = ask(writes / 2, writes);
  // Where the server cannot be started again, that is what there is to say.
  asking.catch(() => {});
  Deno.kill(server.pid!, "SIGKILL");
  await server.stop();
  const storedThen = stored();
  server = await startDevServer({ ...options, port: Number(address.slice(address.lastIndexOf(":") + 1)) });
  await asking;
  await Promise.all(trials.map(async (trial, i) => {
    await trial.answered();
    tell(
      await trial.row(
        `The server was killed with ${storedThen[i]} of ${writes} rows stored and others under way, and started ` +
          "again with its state",
      ),
    );
  }));
}
